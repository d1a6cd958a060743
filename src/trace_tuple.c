/*
 * src/trace_tuple.c
 *	  Rows of trace_funds, written in the form in which they are stored.
 *
 * Forming a tuple from datums walks its columns twice and wants every value in
 * memory of its own first. A row of trace_funds has a fixed shape,
 *
 *	 seed, hop | txn_id, payer, payee, amount | paid_at | cut
 *	 the same for all rows of a hop, short texts and a number, 8 bytes, a constant
 *
 * so it is written from left to right into one buffer: integers as digits where
 * they belong, amounts as the base-10000 digits of a numeric. The bytes are
 * those heap_form_minimal_tuple() would make; test/pgtap/trace.sql compares.
 * Identifiers too long for the short form (more than 126 bytes) go the usual
 * way.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "trace_tuple.h"

enum { F_SEED, F_HOP, F_TXN, F_PAYER, F_PAYEE, F_AMOUNT, F_PAID_AT, F_CUT, F_COLUMNS };

#define SHORT_LIMIT 126			/* bytes of a text with a one-byte header */
#define SLACK 64				/* copies are of a fixed size and may reach beyond the end */

struct RsTupleWriter
{
	RsTraceCall *call;
	TupleTableSlot *slot;
	MinimalTuple tuple;
	char	   *data;			/* of the tuple, where the columns begin */
	char	   *row;			/* where those of a row begin; NULL: the seed is too long */
	Datum		seed;
	int			hop;
	uint64		unit;			/* 10^scale */
	int			fraction;		/* base-10000 digits after the point */
	uint32		fill;			/* what brings the decimals to that many digits */
};

RsTupleWriter *
rs_tuple_writer_create(RsTraceCall *call)
{
	RsTupleWriter *w = palloc0(sizeof(RsTupleWriter));
	Size		header = MAXALIGN(SizeofMinimalTupleHeader + BITMAPLEN(F_COLUMNS));
	int			scale = call->flow->scale;

	/* With or without nulls, the columns begin at the same place. */
	StaticAssertStmt(MAXALIGN(SizeofMinimalTupleHeader + (F_COLUMNS + 7) / 8) == MAXALIGN(SizeofMinimalTupleHeader),
					 "eight columns have their null bits in the header's padding");
	w->call = call;
	w->slot = MakeSingleTupleTableSlot(call->result->setDesc, &TTSOpsMinimalTuple);
	w->tuple = palloc0(header + 8 * (SHORT_LIMIT + 1) + SLACK);
	w->data = (char *) w->tuple + header;
	w->tuple->t_hoff = header + MINIMAL_TUPLE_OFFSET;
	HeapTupleHeaderSetNatts(w->tuple, F_COLUMNS);
	w->tuple->t_bits[0] = 0xff & ~(1 << F_CUT);
	w->unit = 1;
	for (int i = 0; i < Min(scale, 18); i++)
		w->unit *= 10;
	w->fraction = (scale + 3) / 4;
	w->fill = 1;
	for (int i = scale; i < w->fraction * 4; i++)
		w->fill *= 10;
	return w;
}

/* A text in its short form; NULL if it is too long for that. */
static inline char *
put_text(char *at, Datum text)
{
	const char *from = DatumGetPointer(text);
	Size		n;

	if (VARATT_IS_SHORT(from))
	{
		n = VARSIZE_SHORT(from);
		memcpy(at, from, n);
		return at + n;
	}
	n = VARSIZE_ANY_EXHDR(from);
	if (n > SHORT_LIMIT)
		return NULL;
	SET_VARSIZE_SHORT(at, n + VARHDRSZ_SHORT);
	memcpy(VARDATA_SHORT(at), VARDATA_ANY(from), n);
	return at + n + VARHDRSZ_SHORT;
}

static inline char *
put_integer(char *at, int64 value)
{
	int			n = pg_lltoa(value, VARDATA_SHORT(at));

	SET_VARSIZE_SHORT(at, n + VARHDRSZ_SHORT);
	return at + n + VARHDRSZ_SHORT;
}

static inline char *
put_account(RsTupleWriter *w, char *at, int64 account)
{
	if (w->call->flow->account_integer)
		return put_integer(at, account);
	return put_text(at, rs_trace_account_text(w->call, (uint32) account));
}

static Datum
account_datum(RsTraceCall *call, int64 account)
{
	char		digits[MAXINT8LEN + 1];

	if (!call->flow->account_integer)
		return rs_trace_account_text(call, (uint32) account);
	pg_lltoa(account, digits);
	return CStringGetTextDatum(digits);
}

static inline char *
put_digit(char *at, uint32 digit)
{
	int16		v = (int16) digit;

	memcpy(at, &v, sizeof(v));
	return at + sizeof(v);
}

/*
 * A numeric of at most 19 digits in its short form: header of 16 bits (0x8000,
 * sign 0x2000, display scale << 7, weight in 7 bits), base-10000 digits
 * without zeros at either end.
 */
static inline char *
put_amount(const RsTupleWriter *w, char *at, int64 value)
{
	uint64		rest = value < 0 ? -(uint64) value : (uint64) value;
	uint64		whole = rest / w->unit;
	uint64		decimals = (rest - whole * w->unit) * w->fill;
	uint16		digit[10];
	int			n = lengthof(digit),
				weight,
				low;
	char	   *to = at + VARHDRSZ_SHORT + sizeof(uint16);
	uint16		header;

	for (int i = 0; i < w->fraction; i++)
	{
		digit[--n] = (uint16) (decimals % 10000);
		decimals /= 10000;
	}
	low = lengthof(digit);
	weight = -1;
	for (; whole > 0; whole /= 10000)
	{
		digit[--n] = (uint16) (whole % 10000);
		weight++;
	}
	while (n < low && digit[n] == 0)
	{
		n++;
		weight--;
	}
	while (low > n && digit[low - 1] == 0)
		low--;
	if (n == low)
		weight = 0;
	header = 0x8000 | (value < 0 ? 0x2000 : 0) | (uint16) (w->call->flow->scale << 7) |
		((uint16) weight & 0x7F);
	memcpy(at + VARHDRSZ_SHORT, &header, sizeof(header));
	for (; n < low; n++)
		to = put_digit(to, digit[n]);
	SET_VARSIZE_SHORT(at, to - at);
	return to;
}

/* The way of all other functions: slow, but for values of any length. */
static pg_noinline void
put_datums(RsTupleWriter *w, const RsTraceTuple *row)
{
	RsTraceCall *call = w->call;
	RsFlow	   *flow = call->flow;
	Datum		values[F_COLUMNS];
	bool		nulls[F_COLUMNS] = {false};
	MemoryContext old = MemoryContextSwitchTo(call->row_context);

	values[F_SEED] = w->seed;
	values[F_HOP] = Int32GetDatum(w->hop);
	values[F_TXN] = flow->txn_text(flow, row->transfer);
	values[F_PAYER] = account_datum(call, row->payer);
	values[F_PAYEE] = account_datum(call, row->payee);
	values[F_AMOUNT] = rs_trace_amount(call, rs_flow_amount(flow, row->transfer));
	values[F_PAID_AT] = TimestampTzGetDatum(row->paid_at);
	values[F_CUT] = row->cut;
	nulls[F_CUT] = row->cut == 0;
	rs_trace_row(call, values, nulls);
	MemoryContextSwitchTo(old);
}

void
rs_tuple_writer_begin(RsTupleWriter *w, Datum seed, int hop)
{
	char	   *at = put_text(w->data, seed);
	int32		hop32 = hop;

	w->seed = seed;
	w->hop = hop;
	w->row = NULL;
	if (at == NULL)
		return;
	while ((at - w->data) % sizeof(int32) != 0)
		*at++ = 0;
	memcpy(at, &hop32, sizeof(hop32));
	w->row = at + sizeof(hop32);
}

/* Short texts and the amount, in front of paid_at; NULL: one is too long. */
static inline char *
put_columns(RsTupleWriter *w, const RsTraceTuple *row)
{
	RsFlow	   *flow = w->call->flow;
	char	   *at = w->row;

	if (at == NULL || row->wide || flow->scale > 18)
		return NULL;
	if (flow->txn_integer)
		at = put_integer(at, row->txn);
	else
	{
		MemoryContext old = MemoryContextSwitchTo(w->call->row_context);
		Datum		text = flow->txn_text(flow, row->transfer);

		at = put_text(at, text);
		MemoryContextSwitchTo(old);
		if (at == NULL)
			return NULL;
	}
	at = put_account(w, at, row->payer);
	if (at == NULL)
		return NULL;
	at = put_account(w, at, row->payee);
	if (at == NULL)
		return NULL;
	return put_amount(w, at, row->amount);
}

void
rs_tuple_writer_put(RsTupleWriter *w, const RsTraceTuple *row)
{
	char	   *at = put_columns(w, row);

	if (unlikely(at == NULL))
	{
		put_datums(w, row);
		return;
	}
	while ((at - w->data) % ALIGNOF_DOUBLE != 0)
		*at++ = 0;
	memcpy(at, &row->paid_at, sizeof(TimestampTz));
	at += sizeof(TimestampTz);
	w->tuple->t_infomask = HEAP_HASVARWIDTH;
	if (row->cut == 0)
		w->tuple->t_infomask |= HEAP_HASNULL;
	else
		at = put_text(at, row->cut);
	w->tuple->t_len = at - (char *) w->tuple;
	ExecStoreMinimalTuple(w->tuple, w->slot, false);
	tuplestore_puttupleslot(w->call->result->setResult, w->slot);
	rs_trace_row_sent(w->call);
}
