/*
 * src/flow_source_row.c
 *	  The rows of a fetched flow: kept as they come, and what they reach.
 *
 * Transfers go into one array, their amounts beside it: 64-bit until the first
 * that does not fit, from then on 128-bit. A row with more decimal digits than
 * those before multiplies what is there. The account that a transfer reaches
 * joins the next frontier, with its earliest and latest arrival; with max_hold
 * the transfer opens a window instead. Memory: 24 bytes a transfer plus amount,
 * on the operation's budget.
 */
#include "postgres.h"

#include "flow_source_query.h"
#include "risk_screen.h"


/* Chunks of memory are 8-byte aligned only: never touch an int128 there directly. */
static void
put_wide(FetchedFlow *s, uint64 i, int128 value)
{
	memcpy(s->wide + i * sizeof(int128), &value, sizeof(int128));
}

static void
make_wide(FetchedFlow *s)
{
	s->wide = rs_alloc(s->flow.budget, s->amount_capacity, sizeof(int128), "the amounts of a trace");
	for (uint64 i = 0; i < s->nraw; i++)
		put_wide(s, i, s->amount[i]);
	pfree(s->amount);
	s->amount = NULL;
}

static void
put_amount(FetchedFlow *s, int128 value)
{
	if (s->wide == NULL)
	{
		s->amount = rs_grow(s->flow.budget, s->amount, &s->amount_capacity, s->nraw + 1,
							sizeof(int64), "the amounts of a trace");
		if (value <= PG_INT64_MAX)
		{
			s->amount[s->nraw] = (int64) value;
			return;
		}
		make_wide(s);
	}
	s->wide = rs_grow(s->flow.budget, s->wide, &s->amount_capacity, s->nraw + 1,
					  sizeof(int128), "the amounts of a trace");
	put_wide(s, s->nraw, value);
}

void
rs_fetched_rescale(void *arg, int column, int old_scale, int new_scale)
{
	FetchedFlow *s = arg;

	if (column != RS_T_AMOUNT || s->nraw == 0)
		return;
	for (; old_scale < new_scale; old_scale++)
	{
		if (s->wide == NULL)
			for (uint64 i = 0; i < s->nraw; i++)
				if (s->amount[i] > PG_INT64_MAX / 10)
				{
					make_wide(s);
					break;
				}
		for (uint64 i = 0; i < s->nraw; i++)
		{
			int128		value;

			if (s->wide == NULL)
			{
				s->amount[i] *= 10;
				continue;
			}
			memcpy(&value, s->wide + i * sizeof(int128), sizeof(int128));
			if (__builtin_mul_overflow(value, (int128) 10, &value))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("column \"amount\" of the transfers query mixes values too large and digits too fine for 38 digits"),
						 errhint("Round the column in the query.")));
			put_wide(s, i, value);
		}
	}
}

void
rs_fetched_keep_row(void *arg, const RsRow *row)
{
	FetchedFlow *s = arg;
	bool		up = s->q->upstream;
	RsRawTransfer *raw;
	TimestampTz at = row->value[RS_T_TIME].time;
	int64		key = key_of(s, at);
	uint32		near_id = row->value[up ? RS_T_PAYEE : RS_T_PAYER].id,
				peer_id = row->value[up ? RS_T_PAYER : RS_T_PAYEE].id;
	Account    *peer;

	if (key < s->near || key > s->far)
		return;
	if (s->nraw >= RS_FLOW_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a trace cannot hold more than %u transfers", RS_FLOW_MAX_TRANSFERS)));
	s->raw = rs_grow(s->flow.budget, s->raw, &s->raw_capacity, s->nraw + 1,
					 sizeof(RsRawTransfer), "the transfers of a trace");
	put_amount(s, row->value[RS_T_AMOUNT].amount);
	raw = &s->raw[s->nraw++];
	raw->payer = row->value[RS_T_PAYER].id;
	raw->payee = row->value[RS_T_PAYEE].id;
	raw->txn = row->value[RS_T_TXN].id;
	raw->time = at;

	account_of(s, Max(near_id, peer_id));
	s->account[near_id].count++;
	if (s->account[near_id].stop)
		return;					/* only there to tell that something was cut */
	peer = &s->account[peer_id];
	if (s->q->max_hold >= 0)
	{
		Window	   *w;

		if (peer->from <= s->near)
			return;				/* a seed: everything is there */
		s->window = rs_grow(s->flow.budget, s->window, &s->window_capacity, s->nwindows + 1,
							sizeof(Window), "the windows of a trace");
		w = &s->window[s->nwindows++];
		w->account = peer_id;
		w->from = onward(s, key);
		w->to = !s->bound_times || key > s->far - s->q->max_hold ? s->far : key + s->q->max_hold;
		return;
	}
	if (onward(s, key) >= peer->from)
		return;
	if (!peer->waiting)
	{
		peer->waiting = true;
		peer->arrival = peer->latest = key;
		if (peer->stop)
		{
			s->stopped = rs_grow(s->flow.budget, s->stopped, &s->stopped_capacity, s->nstopped + 1,
								 sizeof(uint32), "the frontier of a trace");
			s->stopped[s->nstopped++] = peer_id;
		}
		else
		{
			s->frontier = rs_grow(s->flow.budget, s->frontier, &s->frontier_capacity, s->nfrontier + 1,
								  sizeof(uint32), "the frontier of a trace");
			s->frontier[s->nfrontier++] = peer_id;
		}
	}
	else if (key < peer->arrival)
		peer->arrival = key;
	else if (key > peer->latest)
		peer->latest = key;
}
