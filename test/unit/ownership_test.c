/*
 * test/unit/ownership_test.c
 *	  engines: src/ownership_graph.c src/ownership_solve.c src/ownership_matrix.c src/ownership_control.c src/ownership_path.c src/rs_memory.c
 *
 * Random graphs under the sanitizers: invariants that need no second
 * implementation (mass is conserved, rows give the same numbers as columns,
 * control is monotone in the threshold), and the budget. Values are compared
 * with exact fractions in test/t/ownership.t.
 */
#include "pg_shim.h"

#include <math.h>

#include "ownership.h"
#include "rs_memory.h"

static MemoryContext budget;
static uint32 nodes;
static RsOwnershipOptions everything = {false, 0, DT_NOEND, RS_CLASSES_ALL};

static RsHoldingRows *
draw(bool over, bool dated)
{
	RsHoldingRows *rows;
	uint32		n = 1 + shim_random() % 60;

	rows = rs_holding_rows_create(budget);
	rows->has[RS_V_SHARE] = true;
	rows->has[RS_V_VOTES] = shim_random() % 2;
	rows->has[RS_V_MIN] = rows->has[RS_V_MAX] = shim_random() % 2;
	rows->scale[RS_V_SHARE] = 2;
	rows->scale[RS_V_VOTES] = shim_random() % 4;
	rows->has_dates = rows->has_known_from = dated;
	rows->has_kind = shim_random() % 2;
	nodes = 1 + shim_random() % 25;
	for (uint32 i = 0; i < n; i++)
	{
		RsHolding	h = {0};

		h.owner = shim_random() % nodes;
		h.owned = shim_random() % nodes;
		h.known = shim_random() % 16;
		for (int v = 0; v < RS_V_COLUMNS; v++)
			h.value[v] = shim_random() % (over ? 90 : 8);
		/* the reader refuses ranges upside down */
		h.value[RS_V_MAX] = Max(h.value[RS_V_MIN], h.value[RS_V_MAX]);
		h.kind = shim_random() % 3;
		h.class = shim_random() % 8 ? RS_CLASS_EQUITY : shim_random() % 4;
		h.from = shim_random() % 10;
		h.to = shim_random() % 10;
		h.known_from = shim_random() % 5;
		rs_holding_rows_add(rows, &h);
	}
	return rows;
}

static void
too_big(void *arg)
{
	RsHoldingRows *rows = rs_holding_rows_create(budget);
	RsHolding	h = {.known = 1};

	rows->has[RS_V_SHARE] = true;
	for (h.owner = 0; h.owner < 1000000; h.owner++)
		rs_holding_rows_add(rows, &h);
}

static void
overflow(void *arg)
{
	RsHoldingRows *rows = rs_holding_rows_create(budget);
	RsHolding	h = {.known = 1, .owned = 1};

	rows->has[RS_V_SHARE] = true;
	h.value[RS_V_SHARE] = ((int128) 1 << 126);
	rs_holding_rows_add(rows, &h);
	h.value[RS_V_SHARE]++;
	rs_holding_rows_add(rows, &h);
	rs_ownership_build(rows, 2, NULL, &everything);
}

static void
graph_is_sound(bool *sound, RsOwnershipGraph *g)
{
	uint64		out = 0;

	for (uint32 k = 0; k < g->nnodes; k++)
		for (uint32 e = g->in_start[k]; e < g->in_start[k + 1]; e++)
		{
			*sound &= g->edge_owned[e] == k && g->edge_owner[e] < g->nnodes;
			*sound &= e == g->in_start[k] || g->edge_owner[e - 1] < g->edge_owner[e];
			*sound &= rs_ownership_edge(g, g->edge_owner[e], k) == e;
			/* owned before owner */
			*sound &= g->component[k] <= g->component[g->edge_owner[e]];
		}
	for (uint32 k = 0; k < g->nnodes; k++)
		for (uint32 o = g->out_start[k]; o < g->out_start[k + 1]; o++, out++)
			*sound &= g->edge_owner[g->out_edge[o]] == k;
	*sound &= out == g->nedges;
}

int
main(void)
{
	bool		sound = true,
				mass = true,
				transposed = true,
				monotone = true,
				paths = true;
	int			solved = 0,
				withheld = 0,
				rounds = getenv("RS_LONG") && atoi(getenv("RS_LONG")) ? 60000 : 3000;

	shim_init();
	shim_srandom(20261122);
	budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
	for (int round = 0; round < rounds; round++)
	{
		RsHoldingRows *rows = draw(round % 3 == 0, round % 4 == 0);
		RsOwnershipOptions options = everything;
		RsOwnershipGraph *g;
		uint32	   *rank = rs_alloc(budget, nodes, sizeof(uint32), "ranks");

		options.dated = round % 8 == 0;
		options.as_of = 5;
		options.known_at = 3;
		if (round % 5)
			options.classes = RS_CLASSES_EQUITY;
		for (uint32 i = 0; i < nodes; i++)
			rank[i] = nodes - 1 - i;
		if (round % 7 == 0)
			rs_holding_rows_rescale(rows, RS_V_SHARE, 5);
		g = rs_ownership_build(rows, nodes, rank, &options);
		rs_ownership_components(g);
		graph_is_sound(&sound, g);
		for (int basis = RS_BASIS_SHARE; basis <= RS_BASIS_MAX; basis++)
		{
			RsSystem   *s;
			RsReal	   *up = rs_alloc0(budget, (uint64) nodes * nodes, sizeof(RsReal), "numbers");
			bool	   *has = rs_alloc0(budget, (uint64) nodes * nodes, sizeof(bool), "numbers");
			RsStakes	stakes = {0};

			if (basis >= RS_BASIS_MIN && g->value[RS_V_MIN] == NULL)
				continue;
			s = rs_system_create(g, basis, round % 2);
			for (uint32 t = 0; t < nodes; t++)
			{
				RsReal		sum = 0;
				bool		complete;

				rs_system_solve(s, t, false, &stakes);
				complete = !stakes.over && stakes.unknown_flags == 0;
				for (uint64 i = 0; i < stakes.n; i++)
				{
					RsStake    *k = &stakes.stake[i];
					bool		none = (k->flags & (RS_FLAG_CLOSED_LOOP | RS_FLAG_RHO_GE_1)) != 0 ||
						(basis < RS_BASIS_MIN && (k->flags & RS_FLAG_RANGE));

					withheld += none;
					solved += !none;
					if (k->ultimate)
					{
						sum += k->total;
						complete &= !none;
					}
					up[(Size) k->node * nodes + t] = k->total;
					has[(Size) k->node * nodes + t] = !none;
					mass &= none || (k->net <= k->total * (1 + 1e-15L) && k->total >= 0 && isfinite((double) k->total));
				}
				if (complete && g->in_start[t] < g->in_start[t + 1])
					mass &= fabsl(sum + stakes.unknown + stakes.closed - 1) < 1e-12L;
			}
			for (uint32 t = 0; t < nodes; t++)
			{
				rs_system_solve(s, t, true, &stakes);
				for (uint64 i = 0; i < stakes.n; i++)
				{
					RsStake    *k = &stakes.stake[i];
					Size		at = (Size) t * nodes + k->node;

					if (has[at] && !(k->flags & RS_FLAGS_NO_VALUE))
						transposed &= fabsl(up[at] - k->total) <= 1e-12L * (1 + fabsl(up[at]));
				}
			}
		}
		{
			RsThreshold low = {3, 1, false, round % 2},
						high = {6, 1, true, round % 2};
			RsControl  *a = rs_control_create(g, &low),
					   *b = rs_control_create(g, &high);

			for (uint32 k = 0; k < nodes; k++)
			{
				uint32		na,
							nb;
				const RsControlled *fa = rs_control_from(a, &k, 1, &na);
				const RsControlled *fb = rs_control_from(b, &k, 1, &nb);

				monotone &= (na > 0) == rs_control_possible(a, k) && nb <= na;
				for (uint32 i = 0; i < nb; i++)
				{
					bool		found = false;

					for (uint32 j = 0; j < na; j++)
						found |= fa[j].node == fb[i].node;
					monotone &= found;
				}
			}
		}
		for (int try = 0; try < 3; try++)
		{
			RsPaths    *p = rs_paths_open(g, shim_random() % nodes, shim_random() % nodes);
			RsPath		path;
			RsReal		last = INFINITY;

			for (int n = 0; n < 40 && rs_paths_next(p, &path); n++)
			{
				paths &= fabsl(path.product) <= fabsl(last) * (1 + 1e-15L);
				last = path.product;
				for (uint32 i = 1; i < path.length; i++)
					paths &= g->edge_owned[path.edge[i - 1]] == g->edge_owner[path.edge[i]];
			}
		}
		MemoryContextReset(budget);
	}
	tap_ok(sound, "%d random graphs: edges, order, components", rounds);
	tap_ok(solved > 100 * withheld / 100 && withheld > rounds, "numbers %d, withheld %d", solved, withheld);
	tap_ok(mass, "mass is conserved, nothing is negative or infinite");
	tap_ok(transposed, "downwards gives the numbers of upwards");
	tap_ok(monotone, "a higher threshold controls no more; dismissal agrees with the fixpoint");
	tap_ok(paths, "paths connect and fall in product");
	rs_max_memory_kb = 4096;
	tap_ok(shim_catches(too_big, NULL) && shim_sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the budget holds: %s", shim_message);
	MemoryContextReset(budget);
	tap_ok(shim_catches(overflow, NULL) && shim_sqlstate == ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "sums beyond 38 digits are refused: %s", shim_message);
	MemoryContextReset(budget);
	return tap_done();
}
