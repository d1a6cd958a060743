/*
 * src/control_groups_sql.c
 *	  control_groups() and related_parties(): who belongs together, and why.
 *
 * A control group joins whoever is tied by control (majority fixpoint, also by
 * parties in concert jointly), by concert and by kinship. Economic dependence
 * adds one hop and no more, and holders of 5 % are listed but join nothing:
 * joining through a shared supplier or a minority holder would merge the whole
 * economy into one component.
 *
 * related_parties() takes the view of one institution: itself, its
 * controllers, its holders of 5 % and more through all layers (those in concert
 * together) and who controls those, its officers, those who act with any of them or are their kin, and
 * everyone any of these controls (银行保险机构关联交易管理办法, 2022).
 *
 * Cost: one fixpoint from every party with a majority somewhere; for
 * related_parties one solve and one fixpoint per related party of each target.
 */
#include "pg_compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "ownership_concert.h"
#include "party_reader.h"
#include "rs_memory.h"

static const char purpose[] = "groups";

/* One way in which a party can be reached from another: link rows, both ways. */
typedef struct Tie
{
	uint32		node;
	uint32		other;
	uint32		kind;			/* link kind */
} Tie;

typedef struct Groups
{
	RsHoldings *h;
	RsOwnershipGraph *g;
	RsLinks    *links;			/* NULL without */
	RsControl  *control;
	ReturnSetInfo *result;
	MemoryContext row_context;
	Tie		   *tie;			/* sorted by node */
	uint64		nties;
	uint32	   *concert;		/* by node: those who act jointly */
	uint32	   *member_start;
	uint32	   *member;
} Groups;

static int
compare_ties(const void *a, const void *b)
{
	const Tie  *x = a,
			   *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->other < y->other ? -1 : x->other > y->other;
}

static void
open_groups(Groups *s, FunctionCallInfo fcinfo, const char *holdings, const char *links,
			RsLinkKinds kinds, const char *bad_rows, const DateADT *as_of, const TimestampTz *known_at)
{
	MemoryContext budget;
	RsHoldings *h;

	InitMaterializedSRF(fcinfo, 0);
	s->result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	s->row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	s->h = h = rs_holdings_open(holdings, budget, RS_CLASSES_ALL, false, 0, bad_rows, as_of, known_at);
	rs_holdings_take_least(h);
	rs_holdings_follow_concert(h);
	rs_holdings_load_all(h);
	if (links != NULL)
	{
		s->links = rs_links_read(h, links, "links", bad_rows, kinds);
		rs_links_close(s->links, false);
	}
}

static void
build_groups(Groups *s, const RsThreshold *threshold)
{
	RsHoldings *h = s->h;
	uint32		n;
	uint32	   *next;

	rs_holdings_build(h);
	s->g = h->graph;
	n = s->g->nnodes;
	s->control = rs_control_create(s->g, threshold);
	s->concert = rs_groups_create(h->budget, n);
	if (s->links != NULL || h->nconcert > 0)
	{
		uint64		nlinks = s->links ? s->links->n : 0;

		s->tie = rs_alloc(h->budget, 2 * nlinks + h->nconcert, sizeof(Tie), purpose);
		for (uint64 i = 0; i < h->nconcert; i += 2)
		{
			uint32		a = h->node_of[h->concert[i]],
						b = h->node_of[h->concert[i + 1]];

			s->tie[s->nties++] = (Tie) {a, b, RS_LINK_CONCERT};
			s->tie[s->nties++] = (Tie) {b, a, RS_LINK_CONCERT};
			rs_group_join(s->concert, a, b);
		}
		for (uint64 i = 0; i < nlinks; i++)
		{
			RsLink	   *l = &s->links->link[i];
			uint32		a = h->node_of[l->a],
						b = h->node_of[l->b];

			s->tie[s->nties++] = (Tie) {a, b, l->kind};
			s->tie[s->nties++] = (Tie) {b, a, l->kind};
			if (l->kind == RS_LINK_CONCERT || l->kind == RS_LINK_KIN)
				rs_group_join(s->concert, a, b);
		}
		qsort(s->tie, s->nties, sizeof(Tie), compare_ties);
	}
	s->member_start = rs_alloc0(h->budget, (uint64) n + 1, sizeof(uint32), purpose);
	s->member = rs_alloc(h->budget, n, sizeof(uint32), purpose);
	next = rs_alloc(h->budget, n, sizeof(uint32), purpose);
	for (uint32 k = 0; k < n; k++)
		s->member_start[rs_group_find(s->concert, k) + 1]++;
	for (uint32 k = 0; k < n; k++)
	{
		s->member_start[k + 1] += s->member_start[k];
		next[k] = s->member_start[k];
	}
	for (uint32 k = 0; k < n; k++)
		s->member[next[rs_group_find(s->concert, k)]++] = k;
}

static uint64
first_tie(const Groups *s, uint32 node)
{
	uint64		low = 0,
				high = s->nties;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (s->tie[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What those who act together control; singles that have no majority are dismissed. */
static const RsControlled *
controlled_by(Groups *s, uint32 concert, uint32 *n)
{
	uint32		size = s->member_start[concert + 1] - s->member_start[concert];

	*n = 0;
	if (size == 0 || (size == 1 && !rs_control_possible(s->control, concert)))
		return NULL;
	return rs_control_from(s->control, s->member + s->member_start[concert], size, n);
}

static void
close_groups(Groups *s)
{
	rs_holdings_close(s->h);
	SPI_finish();
	MemoryContextDelete(s->h->budget);
}

/* ---- control_groups ---- */

typedef struct Reason			/* why a node is in its group, by node */
{
	bool		controlled;
	bool		controls;
	bool		agreement;
	uint32		via;
	int128		votes;
} Reason;

static void
put_member(Groups *s, uint64 number, uint32 node, const char *relation, uint32 via, const int128 *votes)
{
	Datum		values[5];
	bool		nulls[5] = {false};
	MemoryContext old = MemoryContextSwitchTo(s->row_context);

	values[0] = Int64GetDatum((int64) number);
	values[1] = rs_holdings_name(s->h, node);
	values[2] = CStringGetTextDatum(relation);
	nulls[3] = via == RS_NO_ID;
	if (!nulls[3])
		values[3] = rs_holdings_name(s->h, via);
	nulls[4] = votes == NULL;
	if (!nulls[4])
		values[4] = rs_exact_numeric(*votes, s->g->scale);
	tuplestore_putvalues(s->result->setResult, s->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(s->row_context);
}

static char *
link_name(Groups *s, uint32 kind)
{
	if (kind == RS_LINK_CONCERT)
		return pstrdup("concert");
	return TextDatumGetCString(rs_interner_datum(s->links->kinds, kind));
}

/* Economic ties of a member to outsiders: one hop. */
static void
put_neighbours(Groups *s, uint64 number, const uint32 *group, uint32 head, const uint32 *list, uint32 n,
			   uint32 *stamp, uint32 round, const RsThreshold *related)
{
	RsOwnershipGraph *g = s->g;
	const int128 *votes = g->value[RS_V_VOTES] ? g->value[RS_V_VOTES] : g->value[RS_V_SHARE];
	int128		least = rs_threshold_least(related, g->one);

	for (uint32 i = 0; i < n; i++)
	{
		uint32		k = list[i];

		for (uint64 t = first_tie(s, k); t < s->nties && s->tie[t].node == k; t++)
			if (s->tie[t].kind == RS_LINK_ECONOMIC && group[s->tie[t].other] != head &&
				stamp[s->tie[t].other] != round)
			{
				stamp[s->tie[t].other] = round;
				put_member(s, number, s->tie[t].other, "economic", k, NULL);
			}
		for (uint32 e = g->in_start[k]; e < g->in_start[k + 1]; e++)
			if ((g->edge_class[e] & (1u << RS_CLASS_ECONOMIC)) && group[g->edge_owner[e]] != head &&
				stamp[g->edge_owner[e]] != round)
			{
				stamp[g->edge_owner[e]] = round;
				put_member(s, number, g->edge_owner[e], "economic", k, NULL);
			}
		for (uint32 o = g->out_start[k]; o < g->out_start[k + 1]; o++)
		{
			uint32		e = g->out_edge[o];

			if ((g->edge_class[e] & (1u << RS_CLASS_ECONOMIC)) && group[g->edge_owned[e]] != head &&
				stamp[g->edge_owned[e]] != round)
			{
				stamp[g->edge_owned[e]] = round;
				put_member(s, number, g->edge_owned[e], "economic", k, NULL);
			}
		}
	}
	/* Holders of enough to be related, but not of the group. */
	for (uint32 i = 0; i < n; i++)
		for (uint32 e = g->in_start[list[i]]; e < g->in_start[list[i] + 1]; e++)
		{
			uint32		owner = g->edge_owner[e];
			int128		held = Max(votes[e], g->value[RS_V_SHARE][e]);

			if (group[owner] != head && held > 0 && held >= least && stamp[owner] != round)
			{
				stamp[owner] = round;
				put_member(s, number, owner, "holder", list[i], &held);
			}
		}
}

/*
 * control_groups(holdings text, links text, threshold numeric, inclusive boolean, related_at numeric,
 *				  as_of date, known_at timestamptz, bad_rows text)
 *	 returns (group_no bigint, member text, relation text, via text, votes numeric)
 *
 * relation: head (controlled by nobody in the group), controlled, concert or kin; then, outside the group proper, economic (one hop)
 * and holder (related_at or more). Parties alone form no group. Numbers follow
 * the order of the members' identifiers. Errors: 22023 threshold, or a kind of
 * link that joins nobody and is not economic; the reader's.
 */
PG_FUNCTION_INFO_V1(rs_control_groups);
Datum
rs_control_groups(PG_FUNCTION_ARGS)
{
	Groups		s = {0};
	RsThreshold threshold,
				related;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;
	uint32	   *group,
			   *start,
			   *list,
			   *next,
			   *stamp;
	Reason	   *reason;
	uint32		n;
	uint64		number = 0;

	for (int i = 0; i < 8; i++)
		if (PG_ARGISNULL(i) && i != 1 && i != 5 && i != 6)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only links, as_of and known_at may be null")));
	threshold = rs_threshold_argument(PG_GETARG_DATUM(2), PG_GETARG_BOOL(3), false, "threshold");
	related = rs_threshold_argument(PG_GETARG_DATUM(4), true, false, "related_at");
	if (!PG_ARGISNULL(5))
		as_of = PG_GETARG_DATEADT(5);
	if (!PG_ARGISNULL(6))
		known_at = PG_GETARG_TIMESTAMPTZ(6);
	open_groups(&s, fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)),
				PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)), RS_LINKS_GROUPS,
				text_to_cstring(PG_GETARG_TEXT_PP(7)),
				PG_ARGISNULL(5) ? NULL : &as_of, PG_ARGISNULL(6) ? NULL : &known_at);
	build_groups(&s, &threshold);
	n = s.g->nnodes;

	group = rs_alloc(s.h->budget, n, sizeof(uint32), purpose);
	memcpy(group, s.concert, sizeof(uint32) * n);
	reason = rs_alloc0(s.h->budget, n, sizeof(Reason), purpose);
	for (uint32 k = 0; k < n; k++)
	{
		uint32		nfound;
		const RsControlled *found = controlled_by(&s, k, &nfound);

		if ((k & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < nfound; i++)
		{
			Reason	   *r = &reason[found[i].node];

			rs_group_join(group, k, found[i].node);
			for (uint32 m = s.member_start[k]; m < s.member_start[k + 1]; m++)
				reason[s.member[m]].controls |= s.g->out_start[s.member[m]] < s.g->out_start[s.member[m] + 1];
			/* The widest set of votes is the ultimate controller's. */
			if (!r->controlled || found[i].votes > r->votes)
			{
				r->controlled = true;
				r->agreement = found[i].agreement;
				r->via = found[i].via;
				r->votes = found[i].votes;
			}
		}
	}
	start = rs_alloc0(s.h->budget, (uint64) n + 1, sizeof(uint32), purpose);
	list = rs_alloc(s.h->budget, n, sizeof(uint32), purpose);
	next = rs_alloc(s.h->budget, n, sizeof(uint32), purpose);
	stamp = rs_alloc0(s.h->budget, n, sizeof(uint32), purpose);
	for (uint32 k = 0; k < n; k++)
	{
		group[k] = rs_group_find(group, k);
		start[group[k] + 1]++;
	}
	for (uint32 k = 0; k < n; k++)
	{
		start[k + 1] += start[k];
		next[k] = start[k];
	}
	for (uint32 k = 0; k < n; k++)
		list[next[group[k]]++] = k;

	for (uint32 k = 0; k < n; k++)
	{
		uint32		size = start[k + 1] - start[k];

		if (size < 2)
			continue;
		number++;
		for (uint32 i = start[k]; i < start[k + 1]; i++)
		{
			uint32		node = list[i];
			Reason	   *r = &reason[node];
			uint64		t = first_tie(&s, node);
			bool		tied = false;

			while (t < s.nties && s.tie[t].node == node && !tied)
				if (s.tie[t].kind == RS_LINK_CONCERT || s.tie[t].kind == RS_LINK_KIN)
					tied = true;
				else
					t++;
			if (r->controlled)
				put_member(&s, number, node, r->agreement ? "agreement" : "controlled", r->via, &r->votes);
			else if (r->controls)
				put_member(&s, number, node, "head", tied ? s.tie[t].other : RS_NO_ID, NULL);
			else
				put_member(&s, number, node, tied ? link_name(&s, s.tie[t].kind) : "head",
						   tied ? s.tie[t].other : RS_NO_ID, NULL);
		}
		put_neighbours(&s, number, group, k, list + start[k], size, stamp, (uint32) number, &related);
		CHECK_FOR_INTERRUPTS();
	}
	close_groups(&s);
	return (Datum) 0;
}

/* ---- related_parties ---- */

typedef struct Related
{
	uint32		node;
	uint32		via;
	const char *relation;
	bool		has_share;
	uint8		follow;			/* FOLLOW_ */
	RsReal share;
} Related;

/* Whose concert and kin are related too, and whose posts and the like. */
enum { FOLLOW_NOBODY, FOLLOW_KIN, FOLLOW_ALL };

typedef struct Controller		/* of a node, by node */
{
	uint32		concert;
	uint32		via;			/* member of what it controls with most votes */
	uint32		layers;
} Controller;

typedef struct Relations
{
	Groups		s;
	RsSystem   *system;
	RsStakes	stakes;
	RsThreshold related;
	const uint32 *controller_start;
	const Controller *controller;
	Related    *party;
	uint64		n,
				capacity;
	uint32	   *stamp;			/* by node: related in this round, */
	uint32	   *steps;			/* so many links from the target */
	uint32		round;
	Controller *sorted;			/* controllers of one node */
	uint64		sorted_capacity;
	RsConcert  *together;		/* NULL: nobody acts with anybody */
	int128	   *votes;			/* by concert group, in the target at hand */
	uint32	   *asked;			/* by concert group, round */
	bool	   *has_enough;
} Relations;

/* via is related already, except for the target itself. */
static void
relate(Relations *r, uint32 node, const char *relation, uint32 via, const RsReal *share, uint8 follow)
{
	if (r->stamp[node] == r->round)
		return;
	r->stamp[node] = r->round;
	r->steps[node] = via == RS_NO_ID ? 0 : r->steps[via] + 1;
	r->party = rs_grow(r->s.h->budget, r->party, &r->capacity, r->n + 1, sizeof(Related), purpose);
	r->party[r->n++] = (Related) {node, via, relation, share != NULL, follow, share ? *share : 0};
}

static int
compare_controllers(const void *a, const void *b)
{
	const Controller *x = a,
			   *y = b;

	if (x->layers != y->layers)
		return x->layers < y->layers ? -1 : 1;
	return x->concert < y->concert ? -1 : x->concert > y->concert;
}

/*
 * Who controls a node, the nearest first, so that a farther one can be
 * explained by a nearer. Of those acting together, who holds nothing comes in
 * by the link between them.
 */
static void
relate_controllers(Relations *r, uint32 of, const char *relation)
{
	Groups	   *s = &r->s;
	uint32		first = r->controller_start[of];
	uint32		n = r->controller_start[of + 1] - first;

	if (n == 0)
		return;
	r->sorted = rs_grow(s->h->budget, r->sorted, &r->sorted_capacity, n, sizeof(Controller), purpose);
	memcpy(r->sorted, r->controller + first, sizeof(Controller) * n);
	qsort(r->sorted, n, sizeof(Controller), compare_controllers);
	for (uint32 i = 0; i < n; i++)
	{
		const Controller *c = &r->sorted[i];
		bool		own = rs_group_find(s->concert, c->via) == c->concert;

		for (uint32 m = s->member_start[c->concert]; m < s->member_start[c->concert + 1]; m++)
			if (s->g->out_start[s->member[m]] < s->g->out_start[s->member[m] + 1])
				relate(r, s->member[m], relation,
					   !own && r->stamp[c->via] == r->round ? c->via : of, NULL, FOLLOW_ALL);
	}
}

/*
 * And who controls those: a company in concert controls with others, so that
 * who controls the company alone does not control the target.
 */
static void
relate_controllers_above(Relations *r, uint64 first, const char *relation)
{
	for (uint64 i = first; i < r->n; i++)
		relate_controllers(r, r->party[i].node, relation);
}

/* Do those who act together hold enough, as one? Of the stakes at hand. */
static bool
has_enough(Relations *r, uint32 group)
{
	RsReal		sum;

	if (r->s.member_start[group + 1] - r->s.member_start[group] < 2)
		return false;
	if (r->asked[group] != r->round)
	{
		r->asked[group] = r->round;
		r->has_enough[group] = rs_concert_share(r->together, group, r->system, &r->stakes, &sum) &&
			rs_threshold_meets(&r->related, sum);
	}
	return r->has_enough[group];
}

/* Holders of enough, over all layers; those who act together have the sum. */
static void
relate_holders(Relations *r, uint32 target)
{
	Groups	   *s = &r->s;
	RsOwnershipGraph *g = s->g;
	int128		direct_least = rs_threshold_least(&r->related, g->one);
	uint32		met;

	rs_system_solve(r->system, target, false, &r->stakes);
	if (r->together != NULL)
		rs_concert_meet(r->together, target, &r->stakes, &met);
	for (uint64 i = 0; i < r->stakes.n; i++)
	{
		const RsStake *stake = &r->stakes.stake[i];
		uint32		group = rs_group_find(s->concert, stake->node);
		bool		no_value = (stake->flags & RS_FLAGS_NO_VALUE) != 0;
		bool		enough;

		if (stake->node == target)
			continue;
		/* A number that cannot be given counts by its direct part. */
		if (no_value)
			enough = stake->direct_edge != RS_NO_EDGE &&
				g->value[RS_V_SHARE][stake->direct_edge] >= Max(direct_least, 1);
		else
			enough = stake->net > 0 && (rs_threshold_meets(&r->related, stake->net) || has_enough(r, group));
		if (enough)
			relate(r, stake->node, "holder", target, no_value ? NULL : &stake->net, FOLLOW_ALL);
	}
}

/* Direct holders of enough votes, where votes are not as shares. */
static void
relate_voters(Relations *r, uint32 target)
{
	Groups	   *s = &r->s;
	RsOwnershipGraph *g = s->g;
	const int128 *votes = g->value[RS_V_VOTES];
	int128		least = rs_threshold_least(&r->related, g->one);

	if (votes == NULL)
		return;
	for (uint32 e = g->in_start[target]; e < g->in_start[target + 1]; e++)
		r->votes[rs_group_find(s->concert, g->edge_owner[e])] = 0;
	for (uint32 e = g->in_start[target]; e < g->in_start[target + 1]; e++)
		if (g->edge_owner[e] != target)
			r->votes[rs_group_find(s->concert, g->edge_owner[e])] += votes[e];
	for (uint32 e = g->in_start[target]; e < g->in_start[target + 1]; e++)
		if (votes[e] > 0 && g->edge_owner[e] != target && r->votes[rs_group_find(s->concert, g->edge_owner[e])] >= least)
		{
			RsReal		share = (RsReal) votes[e] / (RsReal) g->one;

			relate(r, g->edge_owner[e], "holder", target, &share, FOLLOW_ALL);
		}
}

static void
relate_all(Relations *r, uint32 target)
{
	Groups	   *s = &r->s;
	uint64		known;

	if (++r->round == 0)
	{
		memset(r->stamp, 0, sizeof(uint32) * s->g->nnodes);
		if (r->asked != NULL)
			memset(r->asked, 0, sizeof(uint32) * s->g->nnodes);
		r->round = 1;
	}
	r->n = 0;
	relate(r, target, "self", RS_NO_ID, NULL, FOLLOW_ALL);
	relate_controllers(r, target, "controller");
	relate_controllers_above(r, 1, "controller");
	relate_holders(r, target);
	relate_voters(r, target);
	known = r->n;
	for (uint64 i = 0; i < known; i++)
		if (strcmp(r->party[i].relation, "holder") == 0)
			relate_controllers(r, r->party[i].node, "holder_controller");
	relate_controllers_above(r, known, "holder_controller");
	known = r->n;
	for (uint64 i = 0; i < r->n; i++)
	{
		uint32		k = r->party[i].node;

		if (r->party[i].follow == FOLLOW_NOBODY)
			continue;
		for (uint64 t = first_tie(s, k); t < s->nties && s->tie[t].node == k; t++)
		{
			uint32		kind = s->tie[t].kind;

			/*
			 * Concert and kinship carry on; posts and the like are one step,
			 * though the kin of the target's own officers is related too.
			 */
			if (kind == RS_LINK_CONCERT || kind == RS_LINK_KIN)
				relate(r, s->tie[t].other, link_name(s, kind), k, NULL, FOLLOW_ALL);
			else if (kind != RS_LINK_ECONOMIC && i < known && r->party[i].follow == FOLLOW_ALL)
				relate(r, s->tie[t].other, link_name(s, kind), k, NULL,
					   i == 0 ? FOLLOW_KIN : FOLLOW_NOBODY);
		}
	}
	known = r->n;
	for (uint64 i = 0; i < known; i++)
	{
		uint32		n;
		uint32		k = r->party[i].node;
		const RsControlled *found = controlled_by(s, rs_group_find(s->concert, k), &n);

		for (uint32 f = 0; f < n; f++)
			relate(r, found[f].node, i == 0 ? "subsidiary" : "controlled",
				   r->stamp[found[f].via] == r->round ? found[f].via : k, NULL, FOLLOW_NOBODY);
		CHECK_FOR_INTERRUPTS();
	}
	for (uint64 i = 0; i < r->n; i++)
	{
		Datum		values[6];
		bool		nulls[6] = {false};
		MemoryContext old = MemoryContextSwitchTo(s->row_context);

		values[0] = rs_holdings_name(s->h, target);
		values[1] = rs_holdings_name(s->h, r->party[i].node);
		values[2] = CStringGetTextDatum(r->party[i].relation);
		nulls[3] = r->party[i].via == RS_NO_ID;
		if (!nulls[3])
			values[3] = rs_holdings_name(s->h, r->party[i].via);
		nulls[4] = !r->party[i].has_share;
		if (!nulls[4])
			values[4] = rs_share_numeric(r->party[i].share);
		values[5] = Int32GetDatum((int32) r->steps[r->party[i].node]);
		tuplestore_putvalues(s->result->setResult, s->result->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(s->row_context);
	}
}

typedef struct ControlPairs
{
	MemoryContext budget;
	struct
	{
		Controller	by;
		uint32		controlled;
	}		   *pair;
	uint64		n,
				capacity;
} ControlPairs;

static void
add_controller(ControlPairs *pairs, uint32 concert, const RsControlled *found, uint32 *start)
{
	pairs->pair = rs_grow(pairs->budget, pairs->pair, &pairs->capacity, pairs->n + 1, sizeof(*pairs->pair), purpose);
	pairs->pair[pairs->n].by = (Controller) {concert, found->via, found->layers};
	pairs->pair[pairs->n++].controlled = found->node;
	start[found->node + 1]++;
}

/*
 * related_parties(holdings text, targets text[], links text, threshold numeric, inclusive boolean,
 *				   related_at numeric, as_of date, known_at timestamptz, bad_rows text)
 *	 returns (target text, party text, relation text, via text, share numeric, steps int)
 *
 * One row per related party, with the first of these relations that applies:
 * self, controller, holder (share: net, over all layers), holder_controller,
 * the kinds of links, subsidiary (controlled by the target), controlled (by
 * another related party). via: the party next to it on the way to the target,
 * itself in the result; steps: links of the way. targets NULL: every company
 * with holders. Errors: 22023 threshold, or a kind of link that is nearly one
 * with a meaning; the reader's.
 */
PG_FUNCTION_INFO_V1(rs_related_parties);
Datum
rs_related_parties(PG_FUNCTION_ARGS)
{
	Relations	r = {0};
	Groups	   *s = &r.s;
	RsThreshold threshold;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;
	uint32	   *ids = NULL;
	uint32		nids = 0;
	uint32	   *start,
			   *next;
	Controller *controller;
	ControlPairs pairs = {.budget = NULL};
	bool		joint = false;

	for (int i = 0; i < 9; i++)
		if (PG_ARGISNULL(i) && i != 1 && i != 2 && i != 6 && i != 7)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only targets, links, as_of and known_at may be null")));
	threshold = rs_threshold_argument(PG_GETARG_DATUM(3), PG_GETARG_BOOL(4), false, "threshold");
	r.related = rs_threshold_argument(PG_GETARG_DATUM(5), true, false, "related_at");
	if (!PG_ARGISNULL(6))
		as_of = PG_GETARG_DATEADT(6);
	if (!PG_ARGISNULL(7))
		known_at = PG_GETARG_TIMESTAMPTZ(7);
	open_groups(s, fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)),
				PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)), RS_LINKS_ANY,
				text_to_cstring(PG_GETARG_TEXT_PP(8)),
				PG_ARGISNULL(6) ? NULL : &as_of, PG_ARGISNULL(7) ? NULL : &known_at);
	if (!PG_ARGISNULL(1))
		ids = rs_holdings_ids(s->h, PG_GETARG_ARRAYTYPE_P(1), "targets", &nids);
	build_groups(s, &threshold);

	/* Who controls each: the fixpoints turned round. */
	pairs.budget = s->h->budget;
	start = rs_alloc0(s->h->budget, (uint64) s->g->nnodes + 1, sizeof(uint32), purpose);
	next = rs_alloc(s->h->budget, s->g->nnodes, sizeof(uint32), purpose);
	for (uint32 k = 0; k < s->g->nnodes; k++)
	{
		uint32		size = s->member_start[k + 1] - s->member_start[k];
		uint32		n;
		const RsControlled *found = controlled_by(s, k, &n);

		if ((k & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		joint |= size > 1;
		for (uint32 i = 0; i < n; i++)
			add_controller(&pairs, k, &found[i], start);
		/* One of them may be controlled by the others. */
		for (uint32 m = s->member_start[k]; size > 1 && m < s->member_start[k + 1]; m++)
		{
			uint32		member = s->member[m];

			if (s->g->in_start[member] == s->g->in_start[member + 1])
				continue;
			s->member[m] = s->member[s->member_start[k]];
			s->member[s->member_start[k]] = member;
			found = rs_control_from(s->control, s->member + s->member_start[k] + 1, size - 1, &n);
			s->member[s->member_start[k]] = s->member[m];
			s->member[m] = member;
			for (uint32 i = 0; i < n; i++)
				if (found[i].node == member)
					add_controller(&pairs, k, &found[i], start);
			CHECK_FOR_INTERRUPTS();
		}
	}
	for (uint32 k = 0; k < s->g->nnodes; k++)
	{
		start[k + 1] += start[k];
		next[k] = start[k];
	}
	controller = rs_alloc(s->h->budget, pairs.n, sizeof(Controller), purpose);
	for (uint64 i = 0; i < pairs.n; i++)
		controller[next[pairs.pair[i].controlled]++] = pairs.pair[i].by;
	r.controller_start = start;
	r.controller = controller;

	r.system = rs_system_create(s->g, RS_BASIS_SHARE, false);
	if (joint)
	{
		uint32	   *group = rs_alloc(s->h->budget, s->g->nnodes, sizeof(uint32), purpose);
		bool	   *stop = rs_alloc(s->h->budget, s->g->nnodes, sizeof(bool), purpose);

		for (uint32 k = 0; k < s->g->nnodes; k++)
		{
			group[k] = rs_group_find(s->concert, k);
			stop[k] = s->g->in_start[k] == s->g->in_start[k + 1];
		}
		r.together = rs_concert_create(s->g, group, stop, &threshold);
		r.asked = rs_alloc0(s->h->budget, s->g->nnodes, sizeof(uint32), purpose);
		r.has_enough = rs_alloc(s->h->budget, s->g->nnodes, sizeof(bool), purpose);
	}
	if (s->g->value[RS_V_VOTES] != NULL)
		r.votes = rs_alloc(s->h->budget, s->g->nnodes, sizeof(int128), purpose);
	r.stamp = rs_alloc0(s->h->budget, s->g->nnodes, sizeof(uint32), purpose);
	r.steps = rs_alloc0(s->h->budget, s->g->nnodes, sizeof(uint32), purpose);
	if (ids != NULL)
	{
		bool	   *done = rs_alloc0(s->h->budget, s->h->nids, sizeof(bool), purpose);

		for (uint32 i = 0; i < nids; i++)
			if (!done[ids[i]])
			{
				done[ids[i]] = true;
				relate_all(&r, s->h->node_of[ids[i]]);
			}
	}
	else
		for (uint32 k = 0; k < s->g->nnodes; k++)
			if (s->g->in_start[k] < s->g->in_start[k + 1])
				relate_all(&r, k);
	close_groups(s);
	return (Datum) 0;
}
