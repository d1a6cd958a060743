/*
 * test/unit/ownership_concert_test.c
 *	  engines: src/ownership_concert.c src/ownership_graph.c src/ownership_solve.c src/ownership_matrix.c src/ownership_control.c src/rs_memory.c
 *
 * Random graphs with random groups, under the sanitizers: alliances hold their
 * group and whole concerts, control is no less than alone, the sum of an
 * alliance lies between its largest part and the whole. Values are compared
 * with exact fractions in test/t/ownership_concert.t.
 */
#include "pg_shim.h"

#include <math.h>

#include "ownership_concert.h"
#include "rs_memory.h"

static MemoryContext budget;

static bool
controls(const RsConcert *c, uint32 company, uint32 group)
{
	return rs_concert_control_of(c, company, group) != NULL;
}

int
main(void)
{
	RsOwnershipOptions options = {.known_at = DT_NOEND, .classes = RS_CLASSES_EQUITY | (1u << RS_CLASS_CONTROL)};
	bool		shape = true,
				control = true,
				between = true,
				order = true;
	int			compared = 0,
				withheld = 0,
				joint = 0,
				rounds = getenv("RS_LONG") && atoi(getenv("RS_LONG")) ? 60000 : 4000;

	shim_init();
	shim_srandom(20261123);
	budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
	for (int round = 0; round < rounds; round++)
	{
		RsHoldingRows *rows = rs_holding_rows_create(budget);
		uint32		nodes = 2 + shim_random() % 20,
					n = 1 + shim_random() % 50;
		uint32	   *group = rs_alloc(budget, nodes, sizeof(uint32), "test");
		bool	   *stop = rs_alloc(budget, nodes, sizeof(bool), "test");
		RsThreshold threshold = {5, 1, round % 2, false};
		RsOwnershipGraph *g;
		RsConcert  *c;
		RsSystem   *system;
		RsControl  *plain;
		RsStakes	stakes = {0};

		rows->has[RS_V_SHARE] = true;
		rows->scale[RS_V_SHARE] = 2;
		for (uint32 i = 0; i < n; i++)
		{
			RsHolding	h = {.known = 1};

			h.owner = shim_random() % nodes;
			h.owned = shim_random() % nodes;
			h.value[RS_V_SHARE] = shim_random() % (round % 3 == 0 ? 70 : 25);
			h.class = shim_random() % 12 ? RS_CLASS_EQUITY : RS_CLASS_CONTROL;
			rs_holding_rows_add(rows, &h);
		}
		g = rs_ownership_build(rows, nodes, NULL, &options);
		rs_ownership_components(g);
		/* some join the group of an earlier one */
		for (uint32 k = 0; k < nodes; k++)
		{
			group[k] = k > 0 && shim_random() % 4 == 0 ? group[shim_random() % k] : k;
			stop[k] = g->in_start[k] == g->in_start[k + 1] || shim_random() % 10 == 0;
		}
		c = rs_concert_create(g, group, stop, &threshold);
		plain = rs_control_create(g, &threshold);
		system = rs_system_create(g, RS_BASIS_SHARE, true);

		for (uint32 k = 0; k < nodes; k++)
		{
			uint32		nmembers,
						nparties,
						nfound,
						alliance = rs_concert_alliance(c, k);
			const uint32 *member = rs_concert_members(c, k, &nmembers);
			bool		acts = false;

			for (uint32 m = 0; m < nmembers; m++)
			{
				shape &= group[member[m]] == k && (m == 0 || member[m - 1] < member[m]);
				acts |= stop[member[m]];
			}
			if (acts && nmembers > 0)
			{
				const RsControlled *found = rs_control_from(plain, member, nmembers, &nfound);

				for (uint32 i = 0; i < nfound; i++)
					control &= controls(c, found[i].node, k);
				shape &= nmembers == 1 || alliance != RS_NO_ALLIANCE;
			}
			if (alliance == RS_NO_ALLIANCE)
				continue;
			joint++;
			shape &= rs_alliance_group(c, alliance) == k && rs_alliance_headless(c, alliance) == !acts;
			/* of all companies at once, so that no concert is left out */
			for (uint32 t = 0; t < nodes; t++)
			{
				RsReal		share;
				uint32		nmet;
				const uint32 *met,
						   *party;
				bool		touched = false;
				uint32		inside = 0;

				rs_system_solve(system, t, false, &stakes);
				met = rs_concert_meet(c, t, &stakes, &nmet);
				for (uint32 i = 0; i < nmet; i++)
					touched |= met[i] == alliance;
				party = rs_alliance_parties(c, alliance, &nparties);
				for (uint32 i = 0; i < nparties; i++)
				{
					shape &= i == 0 || party[i - 1] < party[i];
					inside += group[party[i]] == k;
				}
				shape &= inside == nmembers;
				if (!touched)
					continue;
				if (!rs_alliance_share(c, alliance, system, &stakes, &share))
				{
					withheld++;
					continue;
				}
				compared++;
				between &= isfinite((double) share) && share >= -1e-15L && share <= 1 + 1e-12L;
				for (uint64 i = 0; i < stakes.n; i++)
					for (uint32 p = 0; p < nparties; p++)
						if (party[p] == stakes.stake[i].node && party[p] != t && !stop[party[p]])
							between &= stakes.stake[i].net <= share + 1e-12L;
			}
		}
		for (uint32 t = 0; t < nodes; t++)
		{
			uint64		nfacts;
			const RsControlFact *fact = rs_concert_control(c, t, &nfacts);

			for (uint64 i = 0; i < nfacts; i++)
				order &= fact[i].company == t && (i == 0 || fact[i - 1].group < fact[i].group) &&
					rs_concert_control_of(c, t, fact[i].group) == &fact[i];
		}
		MemoryContextReset(budget);
	}
	tap_ok(joint > rounds && compared > rounds && withheld > rounds / 50, "%d random graphs: %d alliances, %d sums, %d without a number", rounds, joint, compared, withheld);
	tap_ok(shape, "an alliance holds its group, in order, and says whose it is");
	tap_ok(control, "a group controls in its alliance what it controls alone");
	tap_ok(between, "a sum lies between the largest net share of a company in it and the whole");
	tap_ok(order, "facts are found by company and by group, once each");
	return tap_done();
}
