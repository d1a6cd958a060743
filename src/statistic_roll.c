/*
 * src/statistic_roll.c
 *	  roll_matrix: how loans move between buckets from one report date to the next.
 *
 * Positions (loan, as_of, bucket, amount) are read once, sorted by loan and
 * date, and walked once; the matrix is a dense array date x bucket x bucket
 * (a few hundred cells a date). A loan that appears has no bucket before
 * (from NULL), one that disappears none after (to NULL: paid off or written
 * off; name those as buckets to tell them apart). New loans are in no
 * denominator. Memory: 32 bytes a position.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg_compat.h"
#include "query_reader.h"
#include "rs_memory.h"

enum { P_LOAN, P_AS_OF, P_BUCKET, P_AMOUNT, P_COLUMNS };
static const RsColumn position_column[P_COLUMNS] = {
	[P_LOAN] = {"loan", RS_ID, RS_REQUIRED | RS_NOT_NULL, RS_INTERN_ACCOUNT},
	[P_AS_OF] = {"as_of", RS_DATE, RS_REQUIRED | RS_NOT_NULL | RS_FINITE},
	[P_BUCKET] = {"bucket", RS_ID, RS_REQUIRED | RS_NOT_NULL, RS_INTERN_OTHER},
	[P_AMOUNT] = {"amount", RS_AMOUNT, RS_REQUIRED | RS_NOT_NULL | RS_NOT_NEGATIVE},
};
static const RsContract position_contract = {"positions", P_COLUMNS, position_column, P_LOAN};

typedef struct Position
{
	int128		amount;
	uint32		loan;
	int32		day;
	uint32		bucket;
} Position;

typedef struct Cell
{
	int64		loans;
	int128		before,
				after;
} Cell;

typedef struct Positions
{
	MemoryContext budget;
	Position   *position;
	uint64		n,
				capacity;
} Positions;

#define ST_SORT sort_positions
#define ST_ELEMENT_TYPE Position
#define ST_COMPARE(x, y) \
	((x)->loan != (y)->loan ? ((x)->loan < (y)->loan ? -1 : 1) : \
	 (x)->day != (y)->day ? ((x)->day < (y)->day ? -1 : 1) : 0)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

static int
compare_day(const void *x, const void *y)
{
	int32		a = *(const int32 *) x,
				b = *(const int32 *) y;

	return a < b ? -1 : a > b;
}

static void
take_position(void *arg, const RsRow *row)
{
	Positions  *p = arg;
	Position   *new;

	p->position = rs_grow(p->budget, p->position, &p->capacity, p->n + 1, sizeof(Position), "the positions of a roll matrix");
	new = &p->position[p->n++];
	new->loan = row->value[P_LOAN].id;
	new->day = row->value[P_AS_OF].date;
	new->bucket = row->value[P_BUCKET].id;
	new->amount = row->value[P_AMOUNT].amount;
}

static void
rescale_positions(void *arg, int column, int old_scale, int new_scale)
{
	Positions  *p = arg;

	for (; old_scale < new_scale; old_scale++)
		for (uint64 i = 0; i < p->n; i++)
			if (__builtin_mul_overflow(p->position[i].amount, (int128) 10, &p->position[i].amount))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("amounts of the positions query do not fit into 38 digits together"),
						 errhint("Round the column in the query.")));
}

/* Distinct days, ascending. */
static int32 *
distinct_days(const Positions *p, uint64 *count)
{
	int32	   *day = rs_alloc(p->budget, p->n, sizeof(int32), "the dates of a roll matrix");
	uint64		kept = 0;

	for (uint64 i = 0; i < p->n; i++)
		day[i] = p->position[i].day;
	qsort(day, p->n, sizeof(int32), compare_day);
	for (uint64 i = 0; i < p->n; i++)
		if (kept == 0 || day[kept - 1] != day[i])
			day[kept++] = day[i];
	*count = kept;
	return day;
}

static uint64
day_number(const int32 *day, uint64 n, int32 wanted)
{
	return (const int32 *) bsearch(&wanted, day, n, sizeof(int32), compare_day) - day;
}

/*
 * roll_matrix(positions text, bad_rows text)
 *	 returns (as_of date, from_bucket text, to_bucket text, loans bigint, amount numeric,
 *			  amount_now numeric, share_loans float8, share_amount float8)
 */
PG_FUNCTION_INFO_V1(rs_roll_matrix);
Datum
rs_roll_matrix(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Positions	p = {0};
	MemoryContext scratch;
	RsQuery    *q;
	RsInterner *names;
	int32	   *day;
	uint32	   *rank,
			   *by_rank,
				buckets;
	uint64		days,
				width;
	Cell	   *cell;
	int			scale;

	InitMaterializedSRF(fcinfo, 0);
	p.budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen roll matrix", ALLOCSET_DEFAULT_SIZES);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "risk_screen roll matrix row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	q = rs_query_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), &position_contract,
					  rs_bad_rows_option(text_to_cstring(PG_GETARG_TEXT_PP(1))), p.budget, NULL);
	rs_query_read(q, take_position, rescale_positions, &p);
	scale = rs_query_scale(q, P_AMOUNT);
	names = rs_query_interner(q, RS_INTERN_OTHER);
	buckets = rs_interner_count(names);
	width = (uint64) buckets + 1;	/* the last one: no bucket */
	if (p.n > 0)
		sort_positions(p.position, p.n);
	day = distinct_days(&p, &days);
	cell = rs_alloc0(p.budget, days * width * width, sizeof(Cell), "the cells of a roll matrix");
#define CELL(d, from, to) (&cell[((d) * width + (from)) * width + (to)])

	for (uint64 i = 0; i < p.n; i++)
	{
		const Position *now = &p.position[i],
				   *last = i > 0 && p.position[i - 1].loan == now->loan ? now - 1 : NULL,
				   *next = i + 1 < p.n && p.position[i + 1].loan == now->loan ? now + 1 : NULL;
		uint64		d = day_number(day, days, now->day);
		Cell	   *c;

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (next && next->day == now->day)
			ereport(ERROR,
					(errcode(ERRCODE_UNIQUE_VIOLATION),
					 errmsg("the positions query has two rows for the same loan and day"),
					 errdetail("Loan %s.", TextDatumGetCString(rs_interner_text(rs_query_interner(q, RS_INTERN_ACCOUNT), now->loan))),
					 errhint("Sum the parts of a loan in the query.")));
		if (last && day_number(day, days, last->day) + 1 == d)
		{
			c = CELL(d, last->bucket, now->bucket);
			c->before += last->amount;
		}
		else
			c = CELL(d, buckets, now->bucket);
		c->loans++;
		c->after += now->amount;
		if (d + 1 < days && (next == NULL || next->day != day[d + 1]))
		{
			c = CELL(d + 1, now->bucket, buckets);
			c->loans++;
			c->before += now->amount;
		}
	}

	rank = rs_interner_ranks(names, p.budget);
	by_rank = rs_alloc(p.budget, width, sizeof(uint32), "the buckets of a roll matrix");
	for (uint32 b = 0; b < buckets; b++)
		by_rank[rank[b]] = b;
	by_rank[buckets] = buckets;
	for (uint64 d = 1; d < days; d++)
		for (uint64 f = 0; f < width; f++)
		{
			uint32		from = by_rank[f];
			Cell		all = {0};

			for (uint64 t = 0; t < width; t++)
			{
				all.loans += CELL(d, from, t)->loans;
				all.before += CELL(d, from, t)->before;
			}
			for (uint64 t = 0; t < width; t++)
			{
				uint32		to = by_rank[t];
				Cell	   *c = CELL(d, from, to);
				Datum		values[8];
				bool		nulls[8] = {false};
				MemoryContext old;

				if (c->loans == 0)
					continue;
				old = MemoryContextSwitchTo(scratch);
				values[0] = DateADTGetDatum(day[d]);
				nulls[1] = from == buckets;
				values[1] = nulls[1] ? (Datum) 0 : rs_interner_text(names, from);
				nulls[2] = to == buckets;
				values[2] = nulls[2] ? (Datum) 0 : rs_interner_text(names, to);
				values[3] = Int64GetDatum(c->loans);
				values[4] = rs_int128_to_numeric(c->before, scale);
				values[5] = rs_int128_to_numeric(c->after, scale);
				nulls[6] = nulls[1];
				values[6] = Float8GetDatum((float8) c->loans / (float8) all.loans);
				nulls[7] = nulls[1] || all.before == 0;
				values[7] = nulls[7] ? (Datum) 0 : Float8GetDatum((float8) c->before / (float8) all.before);
				tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
				MemoryContextSwitchTo(old);
				MemoryContextReset(scratch);
			}
		}
#undef CELL
	rs_query_close(q);
	SPI_finish();
	MemoryContextDelete(scratch);
	MemoryContextDelete(p.budget);
	return (Datum) 0;
}
