/*
 * src/ownership_graph.c
 *	  Holding rows -> a graph with exact weights; its cyclic components.
 *
 * Rows are kept as columns (27 bytes for a plain owner, owned, share) and
 * sorted by (owned, owner) with two counting sorts, O(rows + nodes). Each run
 * of equal (owned, owner) becomes one edge:
 *
 *	1. of rows that state the same fact again (same kind and valid_from, a
 *	   later known_from) the newest known at known_at counts;
 *	2. rows not valid at as_of, half-open [from, to), are dropped;
 *	3. rows equal in kind and all numbers count once (flag DUPLICATE);
 *	4. what remains (share classes, kinds, sources) is added up.
 *
 * Nodes get the numbers the caller ranks them by, so that sums and results do
 * not depend on the physical order of the rows.
 *
 * Components are found by Tarjan's algorithm with an explicit stack, walking
 * from owner to owned; a component is finished after everything it owns, so
 * component numbers are an order in which owned companies come first.
 *
 * Memory: everything in the budget, about 60 bytes an edge without optional
 * columns. Shares are int128 at one scale for the whole graph.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "ownership.h"
#include "rs_memory.h"

static const char purpose[] = "holdings";

const char *const rs_flag_name[RS_FLAG_COUNT] = {
	"UNKNOWN", "CLOSED_LOOP", "RHO_GE_1", "SUM_OVER_100", "MISSING", "UNKNOWN_SHARE",
	"RANGE", "TREASURY", "NOMINEE", "DUPLICATE", "NEGATIVE", "ZERO_SHARE",
	"NORMALISED", "SELF", "NO_HOLDERS", "LAYERS_CUT", "AT_LEAST"
};

static void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("a share or a sum of shares does not fit into 38 digits"),
			 errhint("Shares are fractions of 1; round them in the query, for example share::numeric(20,18).")));
}

static int128
scaled(int128 value, int digits)
{
	for (; digits > 0; digits--)
		if (__builtin_mul_overflow(value, (int128) 10, &value))
			too_large();
	return value;
}

static inline int128
checked_sum(int128 a, int128 b)
{
	int128		sum;

	if (__builtin_add_overflow(a, b, &sum))
		too_large();
	return sum;
}

RsHoldingRows *
rs_holding_rows_create(MemoryContext budget)
{
	RsHoldingRows *rows = rs_alloc0(budget, 1, sizeof(RsHoldingRows), purpose);

	rows->budget = budget;
	return rows;
}

#define GROW(array) \
	((array) = rs_resize(rows->budget, (array), capacity, sizeof(*(array)), purpose))

static void
grow_rows(RsHoldingRows *rows)
{
	uint64		capacity = rows->capacity < 1024 ? 1024 : rows->capacity + rows->capacity / 2;

	GROW(rows->owner);
	GROW(rows->owned);
	GROW(rows->known);
	GROW(rows->class);
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (rows->has[v])
			GROW(rows->value[v]);
	if (rows->has_kind)
		GROW(rows->kind);
	if (rows->has_dates)
	{
		GROW(rows->from);
		GROW(rows->to);
	}
	if (rows->has_known_from)
		GROW(rows->known_from);
	rows->capacity = capacity;
}

/* The has_ flags must be set before the first row. */
void
rs_holding_rows_add(RsHoldingRows *rows, const RsHolding *h)
{
	uint64		i = rows->n;

	if (i >= rows->capacity)
		grow_rows(rows);
	rows->owner[i] = h->owner;
	rows->owned[i] = h->owned;
	rows->known[i] = 0;
	rows->class[i] = (uint8) h->class;
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (rows->has[v])
		{
			rows->known[i] |= h->known & (1 << v);
			rows->value[v][i] = (h->known & (1 << v)) ? h->value[v] : 0;
		}
	if (rows->has_kind)
		rows->kind[i] = h->kind;
	if (rows->has_dates)
	{
		rows->from[i] = h->from;
		rows->to[i] = h->to;
	}
	if (rows->has_known_from)
		rows->known_from[i] = h->known_from;
	rows->n++;
}

void
rs_holding_rows_move(RsHoldingRows *rows, uint64 to, uint64 from)
{
	rows->owner[to] = rows->owner[from];
	rows->owned[to] = rows->owned[from];
	rows->known[to] = rows->known[from];
	rows->class[to] = rows->class[from];
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (rows->has[v])
			rows->value[v][to] = rows->value[v][from];
	if (rows->has_kind)
		rows->kind[to] = rows->kind[from];
	if (rows->has_dates)
	{
		rows->from[to] = rows->from[from];
		rows->to[to] = rows->to[from];
	}
	if (rows->has_known_from)
		rows->known_from[to] = rows->known_from[from];
}

void
rs_holding_rows_rescale(RsHoldingRows *rows, int column, int new_scale)
{
	int			digits = new_scale - rows->scale[column];

	for (uint64 i = 0; digits > 0 && rows->has[column] && i < rows->n; i++)
		rows->value[column][i] = scaled(rows->value[column][i], digits);
	rows->scale[column] = new_scale;
}

/* ---- one run of rows with the same owner and owned ---- */

typedef struct Run
{
	RsHoldingRows *rows;
	bool		has_known_from,
				has_kind,
				has_dates;
} Run;

static int
compare_values(const RsHoldingRows *rows, uint32 a, uint32 b)
{
	if (rows->known[a] != rows->known[b])
		return rows->known[a] < rows->known[b] ? -1 : 1;
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (rows->has[v] && rows->value[v][a] != rows->value[v][b])
			return rows->value[v][a] < rows->value[v][b] ? -1 : 1;
	return 0;
}

/* kind, valid_from, known_from newest first, then the numbers: a total order on content. */
static int
compare_statements(const void *pa, const void *pb, void *arg)
{
	const Run  *run = arg;
	const RsHoldingRows *rows = run->rows;
	uint32		a = *(const uint32 *) pa,
				b = *(const uint32 *) pb;

	if (run->has_kind && rows->kind[a] != rows->kind[b])
		return rows->kind[a] < rows->kind[b] ? -1 : 1;
	if (run->has_dates && rows->from[a] != rows->from[b])
		return rows->from[a] < rows->from[b] ? -1 : 1;
	if (run->has_known_from && rows->known_from[a] != rows->known_from[b])
		return rows->known_from[a] > rows->known_from[b] ? -1 : 1;
	return compare_values(rows, a, b);
}

static int
compare_content(const void *pa, const void *pb, void *arg)
{
	const Run  *run = arg;
	const RsHoldingRows *rows = run->rows;
	uint32		a = *(const uint32 *) pa,
				b = *(const uint32 *) pb;

	if (run->has_kind && rows->kind[a] != rows->kind[b])
		return rows->kind[a] < rows->kind[b] ? -1 : 1;
	return compare_values(rows, a, b);
}

/* Keep of row[0..n) what counts; returns how many, sets *duplicate. */
static uint32
settle_run(Run *run, const RsOwnershipOptions *options, uint32 *row, uint32 n, bool *duplicate)
{
	RsHoldingRows *rows = run->rows;
	uint32		kept = 0;

	*duplicate = false;
	if (run->has_known_from)
	{
		uint32		last = 0;
		bool		any = false;

		for (uint32 i = 0; i < n; i++)
			if (rows->known_from[row[i]] <= options->known_at)
				row[kept++] = row[i];
		n = kept;
		kept = 0;
		if (n > 1)
		{
			qsort_arg(row, n, sizeof(uint32), compare_statements, run);
			for (uint32 i = 0; i < n; i++)
			{
				bool		same = any &&
					(!run->has_kind || rows->kind[row[i]] == rows->kind[last]) &&
					(!run->has_dates || rows->from[row[i]] == rows->from[last]);

				if (same && rows->known_from[row[i]] != rows->known_from[last])
					continue;	/* superseded */
				last = row[i];
				any = true;
				row[kept++] = row[i];
			}
			n = kept;
			kept = 0;
		}
	}
	if (run->has_dates && options->dated)
	{
		for (uint32 i = 0; i < n; i++)
			if (rows->from[row[i]] <= options->as_of && options->as_of < rows->to[row[i]])
				row[kept++] = row[i];
		n = kept;
		kept = 0;
	}
	if (n > 1)
	{
		qsort_arg(row, n, sizeof(uint32), compare_content, run);
		for (uint32 i = 0; i < n; i++)
		{
			if (kept > 0 && compare_content(&row[kept - 1], &row[i], run) == 0)
			{
				*duplicate = true;
				/* both hold on the day: the fact holds as long as either says so */
				if (run->has_dates && options->dated)
				{
					rows->from[row[kept - 1]] = Min(rows->from[row[kept - 1]], rows->from[row[i]]);
					rows->to[row[kept - 1]] = Max(rows->to[row[kept - 1]], rows->to[row[i]]);
				}
				continue;
			}
			row[kept++] = row[i];
		}
		n = kept;
	}
	return n;
}

/* Write the edge that row[0..n) add up to. */
static void
put_edge(RsOwnershipGraph *g, const RsHoldingRows *rows, const int *digits, bool least,
		 uint32 e, const uint32 *row, uint32 n, bool duplicate)
{
	int128		sum[RS_V_COLUMNS] = {0};
	uint32		flags = duplicate ? RS_FLAG_DUPLICATE : 0;
	uint8		classes = 0;
	DateADT		from = DATEVAL_NOBEGIN,
				to = DATEVAL_NOEND;

	for (uint32 i = 0; i < n; i++)
	{
		uint32		r = row[i];
		uint8		known = rows->known[r];
		RsHoldingClass class = rows->class[r];
		int128		v[RS_V_COLUMNS];

		classes |= (uint8) (1 << class);
		if (rows->has_dates)
		{
			from = Max(from, rows->from[r]);
			to = Min(to, rows->to[r]);
		}
		/* Agreements and dependence carry neither capital nor votes. */
		if (class == RS_CLASS_CONTROL || class == RS_CLASS_ECONOMIC)
			continue;
		for (int c = 0; c < RS_V_COLUMNS; c++)
			v[c] = (known & (1 << c)) ? scaled(rows->value[c][r], digits[c]) : 0;
		if (known & (1 << RS_V_SHARE))
		{
			/* An exact share settles its range. */
			v[RS_V_MIN] = v[RS_V_MAX] = v[RS_V_SHARE];
			if (v[RS_V_SHARE] == 0 && !(known & (1 << RS_V_VOTES)))
				flags |= RS_FLAG_ZERO_SHARE;
		}
		else
		{
			if (known & ((1 << RS_V_MIN) | (1 << RS_V_MAX)))
				flags |= least ? RS_FLAG_AT_LEAST : RS_FLAG_RANGE;
			else
				flags |= RS_FLAG_UNKNOWN_SHARE;
			if (least)
				v[RS_V_SHARE] = v[RS_V_MIN];
			if (!(known & (1 << RS_V_MAX)))
				v[RS_V_MAX] = Max(g->one, v[RS_V_MIN]);
		}
		if (!(known & (1 << RS_V_VOTES)))
			v[RS_V_VOTES] = v[RS_V_SHARE];
		for (int c = 0; c < RS_V_COLUMNS; c++)
		{
			if (v[c] < 0)
				flags |= RS_FLAG_NEGATIVE;
			sum[c] = checked_sum(sum[c], v[c]);
		}
		if (class == RS_CLASS_NOMINEE)
			flags |= RS_FLAG_NOMINEE;
	}
	for (int c = 0; c < RS_V_COLUMNS; c++)
		if (g->value[c] != NULL)
			g->value[c][e] = sum[c];
	g->edge_flags[e] = flags;
	g->edge_class[e] = classes;
	if (g->edge_from != NULL)
	{
		g->edge_from[e] = from;
		g->edge_to[e] = to;
	}
}

/* Stable counting sort of order[0..n) by key[]. */
static void
sort_by(uint32 *order, uint32 *spare, uint64 n, const uint32 *key, const uint32 *rank,
		uint64 *start, uint32 nkeys)
{
	memset(start, 0, sizeof(uint64) * ((Size) nkeys + 1));
	for (uint64 i = 0; i < n; i++)
		start[(rank ? rank[key[i]] : key[i]) + 1]++;
	CHECK_FOR_INTERRUPTS();
	for (uint32 k = 0; k < nkeys; k++)
		start[k + 1] += start[k];
	for (uint64 i = 0; i < n; i++)
	{
		uint32		k = key[order[i]];

		spare[start[rank ? rank[k] : k]++] = order[i];
	}
	CHECK_FOR_INTERRUPTS();
	memcpy(order, spare, sizeof(uint32) * n);
}

uint32 *
rs_holding_rows_sort(const RsHoldingRows *rows, const uint32 *rank, uint32 nnodes, MemoryContext budget)
{
	uint32	   *order = rs_alloc(budget, rows->n, sizeof(uint32), purpose);
	uint32	   *spare = rs_alloc(budget, rows->n, sizeof(uint32), purpose);
	uint64	   *start = rs_alloc(budget, (uint64) nnodes + 1, sizeof(uint64), purpose);

	for (uint64 i = 0; i < rows->n; i++)
		order[i] = (uint32) i;
	sort_by(order, spare, rows->n, rows->owner, rank, start, nnodes);
	sort_by(order, spare, rows->n, rows->owned, rank, start, nnodes);
	pfree(spare);
	pfree(start);
	return order;
}

RsOwnershipGraph *
rs_ownership_build(RsHoldingRows *rows, uint32 nnodes, const uint32 *rank,
				   const RsOwnershipOptions *options)
{
	MemoryContext budget = rows->budget;
	RsOwnershipGraph *g = rs_alloc0(budget, 1, sizeof(RsOwnershipGraph), purpose);
	MemoryContext scratch;
	uint32	   *order,
			   *run_rows = NULL,
			   *start;
	uint64		run_capacity = 0;
	uint64		n = 0;
	int			digits[RS_V_COLUMNS];
	Run			run = {rows, rows->has_known_from, rows->has_kind, rows->has_dates};

	if (rows->n >= UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many holdings: " UINT64_FORMAT, rows->n)));

	g->budget = budget;
	g->nnodes = nnodes;
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (rows->has[v])
			g->scale = Max(g->scale, rows->scale[v]);
	for (int v = 0; v < RS_V_COLUMNS; v++)
		digits[v] = g->scale - rows->scale[v];
	g->one = scaled(1, g->scale);

	scratch = AllocSetContextCreate(budget, "risk_screen holdings sort", ALLOCSET_DEFAULT_SIZES);
	order = rs_holding_rows_sort(rows, rank, nnodes, scratch);

	g->in_start = rs_alloc0(budget, (uint64) nnodes + 1, sizeof(uint32), purpose);
	g->edge_owner = rs_alloc(budget, rows->n, sizeof(uint32), purpose);
	g->edge_owned = rs_alloc(budget, rows->n, sizeof(uint32), purpose);
	g->edge_flags = rs_alloc(budget, rows->n, sizeof(uint32), purpose);
	g->edge_class = rs_alloc(budget, rows->n, sizeof(uint8), purpose);
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (v == RS_V_SHARE || rows->has[v] || (v >= RS_V_MIN && (rows->has[RS_V_MIN] || rows->has[RS_V_MAX])))
			g->value[v] = rs_alloc(budget, rows->n, sizeof(int128), purpose);
	if (rows->has_dates)
	{
		g->edge_from = rs_alloc(budget, rows->n, sizeof(DateADT), purpose);
		g->edge_to = rs_alloc(budget, rows->n, sizeof(DateADT), purpose);
	}
	g->node_flags = rs_alloc0(budget, nnodes, sizeof(uint32), purpose);

	for (uint64 i = 0; i < rows->n;)
	{
		uint32		owner = rows->owner[order[i]];
		uint32		owned = rows->owned[order[i]];
		uint64		end = i;
		uint64		k = 0;
		uint32		kept;
		bool		duplicate;

		while (end < rows->n && rows->owner[order[end]] == owner && rows->owned[order[end]] == owned)
			end++;
		run_rows = rs_grow(scratch, run_rows, &run_capacity, end - i, sizeof(uint32), purpose);
		for (; i < end; i++)
			if (options->classes & (1u << rows->class[order[i]]))
				run_rows[k++] = order[i];
		kept = settle_run(&run, options, run_rows, (uint32) k, &duplicate);
		if (kept > 0)
		{
			g->edge_owner[n] = rank ? rank[owner] : owner;
			g->edge_owned[n] = rank ? rank[owned] : owned;
			put_edge(g, rows, digits, options->least, (uint32) n, run_rows, kept, duplicate);
			g->in_start[g->edge_owned[n] + 1]++;
			n++;
		}
		if ((n & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	g->nedges = (uint32) n;
	for (uint32 k = 0; k < nnodes; k++)
		g->in_start[k + 1] += g->in_start[k];

	/* Edges are in order of owned: bucketed by owner they stay so. */
	g->out_start = rs_alloc0(budget, (uint64) nnodes + 1, sizeof(uint32), purpose);
	g->out_edge = rs_alloc(budget, n, sizeof(uint32), purpose);
	for (uint64 e = 0; e < n; e++)
		g->out_start[g->edge_owner[e] + 1]++;
	for (uint32 k = 0; k < nnodes; k++)
		g->out_start[k + 1] += g->out_start[k];
	start = rs_alloc(scratch, nnodes, sizeof(uint32), purpose);
	memcpy(start, g->out_start, sizeof(uint32) * nnodes);
	for (uint64 e = 0; e < n; e++)
		g->out_edge[start[g->edge_owner[e]]++] = (uint32) e;

	MemoryContextDelete(scratch);
	return g;
}

/* Number of the edge from owner to owned, or RS_NO_EDGE: holders are sorted. */
uint32
rs_ownership_edge(const RsOwnershipGraph *g, uint32 owner, uint32 owned)
{
	uint32		low = g->in_start[owned],
				high = g->in_start[owned + 1];

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (g->edge_owner[middle] < owner)
			low = middle + 1;
		else
			high = middle;
	}
	return (low < g->in_start[owned + 1] && g->edge_owner[low] == owner) ? low : RS_NO_EDGE;
}

/* ---- components ---- */

static int
compare_numbers(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

void
rs_ownership_components(RsOwnershipGraph *g)
{
	uint32		n = g->nnodes;
	MemoryContext scratch;
	uint32	   *index,
			   *low,
			   *next,
			   *path,
			   *open;
	uint32		npath = 0,
				nopen = 0,
				counter = 0,
				placed = 0;

	if (g->component != NULL)
		return;
	scratch = AllocSetContextCreate(g->budget, "risk_screen components", ALLOCSET_DEFAULT_SIZES);
	index = rs_alloc0(scratch, n, sizeof(uint32), purpose); /* 0 = not seen */
	low = rs_alloc(scratch, n, sizeof(uint32), purpose);
	next = rs_alloc(scratch, n, sizeof(uint32), purpose);
	path = rs_alloc(scratch, n, sizeof(uint32), purpose);
	open = rs_alloc(scratch, n, sizeof(uint32), purpose);
	g->component = rs_alloc(g->budget, n, sizeof(uint32), purpose);
	g->component_node = rs_alloc(g->budget, n, sizeof(uint32), purpose);
	g->component_start = rs_alloc(g->budget, (uint64) n + 1, sizeof(uint32), purpose);
	for (uint32 i = 0; i < n; i++)
		g->component[i] = UINT32_MAX;

	for (uint32 root = 0; root < n; root++)
	{
		if (index[root] != 0)
			continue;
		path[npath++] = root;
		open[nopen++] = root;
		index[root] = low[root] = ++counter;
		next[root] = g->out_start[root];
		while (npath > 0)
		{
			uint32		v = path[npath - 1];

			if (next[v] < g->out_start[v + 1])
			{
				uint32		w = g->edge_owned[g->out_edge[next[v]++]];

				if ((next[v] & 0xFFFF) == 0)
					CHECK_FOR_INTERRUPTS();
				if (index[w] == 0)
				{
					index[w] = low[w] = ++counter;
					next[w] = g->out_start[w];
					path[npath++] = w;
					open[nopen++] = w;
				}
				else if (g->component[w] == UINT32_MAX)
					low[v] = Min(low[v], index[w]);
				continue;
			}
			npath--;
			if (npath > 0)
				low[path[npath - 1]] = Min(low[path[npath - 1]], low[v]);
			if (low[v] == index[v])
			{
				uint32		w;

				g->component_start[g->ncomponents] = placed;
				do
				{
					w = open[--nopen];
					g->component[w] = g->ncomponents;
					g->component_node[placed++] = w;
				} while (w != v);
				/* Members in order of number, so that nothing depends on the walk. */
				if (placed - g->component_start[g->ncomponents] > 1)
					qsort(g->component_node + g->component_start[g->ncomponents],
						  placed - g->component_start[g->ncomponents], sizeof(uint32), compare_numbers);
				g->ncomponents++;
				if ((g->ncomponents & 0xFFFF) == 0)
					CHECK_FOR_INTERRUPTS();
			}
		}
	}
	g->component_start[g->ncomponents] = placed;
	g->cyclic = rs_alloc(g->budget, g->ncomponents, sizeof(bool), purpose);
	for (uint32 c = 0; c < g->ncomponents; c++)
	{
		uint32		first = g->component_node[g->component_start[c]];

		g->cyclic[c] = g->component_start[c + 1] - g->component_start[c] > 1 ||
			rs_ownership_edge(g, first, first) != RS_NO_EDGE;
	}
	MemoryContextDelete(scratch);
}
