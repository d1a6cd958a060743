/*
 * test/unit/picture_test.c
 *	  engines: src/picture_graph.c src/rs_memory.c
 *
 * Random rows, folded under random caps: every amount is on an edge, inside a
 * group or resting, once; every party is in one node; layers are distances,
 * relaxed here edge by edge until nothing changes; without the marked edges
 * nothing can be reached from itself; any order of the rows gives the same.
 */
#include "pg_shim.h"

#include <stdlib.h>

#include "miscadmin.h"

#include "picture.h"
#include "rs_memory.h"

#define MAX_ROWS 400
#define MAX_PARTIES 120
#define NEVER UINT32_MAX

static RsPictureRow row[MAX_ROWS],
			shuffled[MAX_ROWS];
static int	n;
static uint32 parties;
static bool root[MAX_PARTIES];

static void
make_rows(void)
{
	parties = 1 + shim_random() % MAX_PARTIES;
	if (shim_random() % 3 == 0)
		parties = 1 + parties % 6;
	n = 1 + shim_random() % MAX_ROWS;
	for (int i = 0; i < n; i++)
	{
		uint64		kind = shim_random() % 20;

		row[i].source = shim_random() % (1 + shim_random() % parties);
		row[i].target = kind == 0 ? RS_PICTURE_NOBODY : shim_random() % parties;
		if (kind == 1)
			row[i].target = row[i].source;
		row[i].amount = shim_random() % 1000;
		row[i].at = shim_random() % 5 == 0 ? DT_NOBEGIN : (TimestampTz) (shim_random() % 50);
	}
	for (uint32 i = 0; i < parties; i++)
		root[i] = shim_random() % 10 == 0;
}

/* Distances by relaxation, from the roots the definition names, one group of roots after the other. */
static void
distances(const bool *asked, uint32 *depth)
{
	for (uint32 i = 0; i < parties; i++)
		depth[i] = NEVER;
	for (int stage = 0;; stage++)
	{
		bool		any = false;

		if (stage < 2)
			for (uint32 p = 0; p < parties; p++)
			{
				bool		start = depth[p] == NEVER && (stage == 0 ? asked && asked[p] : true);

				for (int i = 0; i < n && start && stage == 1; i++)
					start = !(row[i].target == p && row[i].source != p);
				if (start)
					depth[p] = 0;
			}
		else
		{
			uint32		best = NEVER;
			TimestampTz earliest = DT_NOEND;

			for (uint32 p = 0; p < parties; p++)
			{
				TimestampTz first = DT_NOEND;

				if (depth[p] != NEVER)
					continue;
				for (int i = 0; i < n; i++)
					if (row[i].source == p && row[i].target != RS_PICTURE_NOBODY && row[i].at != DT_NOBEGIN && row[i].at < first)
						first = row[i].at;
				if (best == NEVER || first < earliest)
				{
					best = p;
					earliest = first;
				}
			}
			if (best == NEVER)
				return;
			depth[best] = 0;
		}
		/* only parties of this stage are still at NEVER: the others cannot get nearer through it */
		do
		{
			any = false;
			for (uint32 d = 0; d < parties; d++)
				for (int i = 0; i < n; i++)
					if (row[i].target != RS_PICTURE_NOBODY && depth[row[i].source] == d && depth[row[i].target] == NEVER)
					{
						depth[row[i].target] = d + 1;
						any = true;
					}
		} while (any);
	}
}

static bool
has_cycle(const RsPictureGraph *g)
{
	static bool gone[RS_PICTURE_MAX_NODES];
	uint32		left = g->nodes;
	bool		any = true;

	memset(gone, 0, sizeof(gone));
	while (any)
	{
		any = false;
		for (uint32 v = 0; v < g->nodes; v++)
		{
			bool		entered = gone[v];

			for (uint64 i = 0; i < g->edges && !entered; i++)
				entered = !g->edge[i].back && g->edge[i].target == v && !gone[g->edge[i].source];
			if (!entered)
			{
				gone[v] = true;
				left--;
				any = true;
			}
		}
	}
	return left > 0;
}

static bool
same(const RsPictureGraph *a, const RsPictureGraph *b)
{
	if (a->nodes != b->nodes || a->edges != b->edges || a->inside != b->inside || a->folded != b->folded)
		return false;
	for (uint32 i = 0; i < a->nodes; i++)
		if (a->node[i].party != b->node[i].party || a->node[i].depth != b->node[i].depth || a->node[i].folded != b->node[i].folded ||
			a->node[i].rested != b->node[i].rested || a->node[i].sent != b->node[i].sent || a->node[i].received != b->node[i].received)
			return false;
	for (uint64 i = 0; i < a->edges; i++)
		if (a->edge[i].source != b->edge[i].source || a->edge[i].target != b->edge[i].target || a->edge[i].amount != b->edge[i].amount ||
			a->edge[i].back != b->edge[i].back || a->edge[i].first != b->edge[i].first || a->edge[i].last != b->edge[i].last || a->edge[i].transfers != b->edge[i].transfers)
			return false;
	return true;
}

static bool
one_case(uint64 seed)
{
	MemoryContext budget = AllocSetContextCreate(TopMemoryContext, "picture", ALLOCSET_DEFAULT_SIZES);
	const bool *asked;
	uint32		max_nodes,
				counted = 0,
				named = 0;
	uint32		depth[MAX_PARTIES];
	int128		moved = 0,
				rested = 0,
				on_edges = 0,
				on_nodes = 0;
	RsPictureGraph *g,
			   *again;
	bool		good = true;
	uint64		rows = 0;

	shim_srandom(seed);
	make_rows();
	asked = shim_random() % 2 ? root : NULL;
	max_nodes = shim_random() % 4 == 0 ? 500 : 3 + shim_random() % 60;
	for (int i = 0; i < n; i++)
	{
		shuffled[i] = row[i];
		if (row[i].target == RS_PICTURE_NOBODY)
			rested += row[i].amount;
		else
			moved += row[i].amount;
	}
	for (int i = n - 1; i > 0; i--)
	{
		int			j = shim_random() % (i + 1);
		RsPictureRow t = shuffled[i];

		shuffled[i] = shuffled[j];
		shuffled[j] = t;
	}
	distances(asked, depth);
	again = rs_picture_graph(shuffled, n, parties, asked, max_nodes, false, budget);
	memcpy(shuffled, row, sizeof(row));
	g = rs_picture_graph(shuffled, n, parties, asked, max_nodes, false, budget);

	good &= same(g, again) && g->nodes <= max_nodes && !has_cycle(g);
	for (uint64 i = 0; i < g->edges; i++)
	{
		on_edges += g->edge[i].amount;
		rows += g->edge[i].transfers;
		good &= g->edge[i].source < g->nodes && g->edge[i].target < g->nodes;
		good &= i == 0 || g->edge[i - 1].source < g->edge[i].source || g->edge[i - 1].target < g->edge[i].target;
	}
	good &= on_edges + g->inside == moved && rows <= (uint64) n;
	for (uint32 i = 0; i < g->nodes; i++)
	{
		const RsPictureNode *v = &g->node[i];

		on_nodes += v->rested;
		if (v->party == RS_PICTURE_NOBODY)
			counted += v->folded;
		else
			named++;
		good &= v->party == RS_PICTURE_NOBODY ? v->folded > 1 : v->depth == depth[v->party];
		good &= i == 0 || g->node[i - 1].depth <= v->depth;
	}
	good &= on_nodes == rested && named + counted == parties && counted == g->folded;
	good &= parties > max_nodes || (counted == 0 && g->inside == 0);
	MemoryContextDelete(budget);
	return good;
}

static void
overflow(void *arg)
{
	RsPictureRow big[2] = {{.amount = ~(((int128) 1) << 127), .source = 0, .target = 1}, {.amount = 1, .source = 0, .target = 1}};

	rs_picture_graph(big, 2, 2, NULL, 10, false, arg);
}

int
main(void)
{
	int			cases = getenv("RS_LONG") && atoi(getenv("RS_LONG")) ? 30000 : 2000;
	int			wrong = 0;
	uint64		first_wrong = 0;
	MemoryContext budget;

	shim_init();
	for (uint64 seed = 1; seed <= cases; seed++)
		if (!one_case(seed) && wrong++ == 0)
			first_wrong = seed;
	tap_ok(wrong == 0, "%d random pictures: conserved, capped, layered, without cycles, whatever the order (first wrong: %d)", cases, (int) first_wrong);
	tap_ok(shim_live_chunks() == 0, "nothing is left allocated");
	budget = AllocSetContextCreate(TopMemoryContext, "picture", ALLOCSET_DEFAULT_SIZES);
	tap_ok(shim_catches(overflow, budget) && shim_sqlstate == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "a sum beyond 127 bits is refused");
	return tap_done();
}
