/*
 * src/beneficial_owners_sql.c
 *	  beneficial_owners(): the natural persons behind a company, with grounds.
 *
 * 受益所有人信息管理办法 (2024) art. 6 and 银发〔2018〕164号: a natural person who
 * finally holds 25 % of the equity, or of the votes, or controls the company,
 * alone or in concert; multiplying along each chain, of equity and votes the
 * higher at every level (basis 'higher'), and adding the chains up. If nobody
 * qualifies, the daily manager is filed instead.
 *
 * Per company: one solve per basis (equity, votes, higher); persons in concert
 * count as one holder; control comes from the majority fixpoint, run once from
 * every person, concert group and other end of a chain. Chains that end in
 * something else than a person are reported as typed stops.
 *
 * Cost: three solves per company and one fixpoint per root.
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

#include "party_reader.h"
#include "rs_memory.h"

static const char purpose[] = "beneficial owners";

#define COLUMNS 13
#define BASES 3

/* Reasons why a row is there, in the order shown. */
#define GROUND_EQUITY		(1u << 0)
#define GROUND_VOTES		(1u << 1)
#define GROUND_HIGHER		(1u << 2)
#define GROUND_CONTROL		(1u << 3)
#define GROUND_CONCERT		(1u << 4)	/* only together with the others of the group */
#define GROUND_UNRESOLVED	(1u << 5)	/* a stop that is not a person */
#define GROUND_NOT_EXCLUDED	(1u << 6)	/* would qualify if the unknown part were its */
#define GROUND_LEGAL_REP	(1u << 7)
#define GROUND_FALLBACK		(1u << 8)
#define GROUND_COUNT 9

static const char *const ground_name[GROUND_COUNT] = {
	"EQUITY", "VOTES", "HIGHER", "CONTROL", "CONCERT", "UNRESOLVED", "NOT_EXCLUDED",
	"LEGAL_REPRESENTATIVE", "FALLBACK"
};

typedef struct ControlFact
{
	uint32		company;
	uint32		group;
	uint32		via;
} ControlFact;

typedef struct Beneficial
{
	RsHoldings *h;
	RsParties  *parties;
	ReturnSetInfo *result;
	MemoryContext row_context;
	RsSystem   *system[BASES];	/* equity, votes, higher; the same where votes are not given */
	RsStakes	stakes[BASES];
	RsThreshold threshold;
	int			basis;
	uint32	   *group;			/* by node: concert group */
	uint32	   *member_start;	/* by group, into member */
	uint32	   *member;
	ControlFact *fact;			/* sorted by company */
	uint64		nfacts,
				fact_capacity;
	RsReal *sum[BASES];	/* by group, of the company at hand */
	uint32	   *stamp;
	uint8	   *no_value;		/* by group: bit s, basis s has no value for a member */
	uint32		round;
	uint32	   *joint;			/* concert groups met in the company at hand */
	uint32		njoint;
	RsStakes	behind;			/* who is behind a company in concert */
	bool	   *shown;			/* by node, of the company at hand */
} Beneficial;

static int
compare_facts(const void *a, const void *b)
{
	const ControlFact *x = a,
			   *y = b;

	if (x->company != y->company)
		return x->company < y->company ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return 0;
}

static bool
is_person(const Beneficial *b, uint32 node)
{
	return rs_party_of_node(b->parties, node)->kind == RS_PARTY_PERSON;
}

/* Where the question ends: persons, and whoever has no holders. */
static bool
is_stop(const Beneficial *b, uint32 node)
{
	return is_person(b, node) || b->h->graph->in_start[node] == b->h->graph->in_start[node + 1];
}

/* Concert groups as lists; a party alone is its own group. */
static void
list_members(Beneficial *b)
{
	uint32		n = b->h->graph->nnodes;
	uint32	   *next;

	b->member_start = rs_alloc0(b->h->budget, (uint64) n + 1, sizeof(uint32), purpose);
	b->member = rs_alloc(b->h->budget, n, sizeof(uint32), purpose);
	next = rs_alloc(b->h->budget, n, sizeof(uint32), purpose);
	for (uint32 k = 0; k < n; k++)
		b->member_start[rs_group_find(b->group, k) + 1]++;
	for (uint32 k = 0; k < n; k++)
	{
		b->member_start[k + 1] += b->member_start[k];
		next[k] = b->member_start[k];
	}
	for (uint32 k = 0; k < n; k++)
		b->member[next[rs_group_find(b->group, k)]++] = k;
	pfree(next);
}

static uint32
group_size(const Beneficial *b, uint32 group)
{
	return b->member_start[group + 1] - b->member_start[group];
}

static void
find_control(Beneficial *b, const RsThreshold *threshold)
{
	RsOwnershipGraph *g = b->h->graph;
	RsControl  *control = rs_control_create(g, threshold);

	for (uint32 k = 0; k < g->nnodes; k++)
	{
		const RsControlled *found;
		uint32		size = group_size(b, k);
		uint32		n;
		bool		stop = false;

		if ((k & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (size == 0)
			continue;			/* not the head of its group */
		for (uint32 m = 0; m < size && !stop; m++)
			stop = is_stop(b, b->member[b->member_start[k] + m]);
		if (!stop || (size == 1 && !rs_control_possible(control, k)))
			continue;
		found = rs_control_from(control, b->member + b->member_start[k], size, &n);
		for (uint32 i = 0; i < n; i++)
		{
			b->fact = rs_grow(b->h->budget, b->fact, &b->fact_capacity, b->nfacts + 1, sizeof(ControlFact), purpose);
			b->fact[b->nfacts++] = (ControlFact) {found[i].node, k, found[i].via};
		}
	}
	qsort(b->fact, b->nfacts, sizeof(ControlFact), compare_facts);
}

static const ControlFact *
control_fact(const Beneficial *b, uint32 company, uint32 group)
{
	ControlFact key = {company, group, 0};

	return b->nfacts == 0 ? NULL :
		bsearch(&key, b->fact, b->nfacts, sizeof(ControlFact), compare_facts);
}

static Datum
ground_array(uint32 grounds)
{
	Datum		name[GROUND_COUNT];
	int			n = 0;

	for (int i = 0; i < GROUND_COUNT; i++)
		if (grounds & (1u << i))
			name[n++] = CStringGetTextDatum(ground_name[i]);
	return PointerGetDatum(construct_array(name, n, TEXTOID, -1, false, TYPALIGN_INT));
}

typedef struct Row
{
	uint32		company;
	uint32		node;			/* RS_NO_ID: no party */
	const char *kind;
	bool		qualified;
	uint32		grounds;
	bool		has_share;
	RsReal share[BASES];
	uint8		no_value;		/* bit s: basis s has no value */
	uint32		flags;
	const ControlFact *fact;
	uint32		group;			/* RS_NO_ID: none */
} Row;

static void
put_row(Beneficial *b, const Row *row)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};
	MemoryContext old = MemoryContextSwitchTo(b->row_context);

	values[0] = rs_holdings_name(b->h, row->company);
	nulls[1] = row->node == RS_NO_ID;
	if (!nulls[1])
		values[1] = rs_holdings_name(b->h, row->node);
	nulls[2] = row->kind == NULL;
	if (!nulls[2])
		values[2] = CStringGetTextDatum(row->kind);
	values[3] = BoolGetDatum(row->qualified);
	values[4] = ground_array(row->grounds);
	for (int s = 0; s < BASES; s++)
	{
		nulls[5 + s] = !row->has_share || (row->no_value & (1 << s)) != 0;
		if (!nulls[5 + s])
			values[5 + s] = rs_share_numeric(row->share[s]);
	}
	nulls[8] = row->group == RS_NO_ID;
	nulls[9] = nulls[8] || !row->has_share || (b->no_value[row->group] & (1 << b->basis)) != 0;
	if (!nulls[8])
	{
		uint32		size = group_size(b, row->group);
		Datum	   *name = palloc(sizeof(Datum) * size);

		for (uint32 m = 0; m < size; m++)
			name[m] = rs_holdings_name(b->h, b->member[b->member_start[row->group] + m]);
		values[8] = PointerGetDatum(construct_array(name, (int) size, TEXTOID, -1, false, TYPALIGN_INT));
		if (!nulls[9])
			values[9] = rs_share_numeric(b->sum[b->basis][row->group]);
	}
	values[10] = BoolGetDatum(row->fact != NULL);
	nulls[11] = row->fact == NULL;
	if (!nulls[11])
		values[11] = rs_holdings_name(b->h, row->fact->via);
	values[12] = rs_flag_array(row->flags);
	tuplestore_putvalues(b->result->setResult, b->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(b->row_context);
}

static inline uint8
without_value(int basis, uint32 flags)
{
	return (flags & RS_FLAGS_NO_VALUE) != 0 ? (uint8) (1 << basis) : 0;
}

/*
 * Which grounds shares (own, or a group's) meet under the chosen basis. A basis
 * without a number (votes may close a ring that capital leaves open) takes
 * nothing from the others.
 */
static uint32
share_grounds(const Beneficial *b, const RsReal *share, uint8 no_value)
{
	uint32		grounds = 0;

	if (b->basis != 1 && !(no_value & 1) && rs_threshold_meets(&b->threshold, share[0]))
		grounds |= GROUND_EQUITY;
	if (b->basis != 0 && !(no_value & 2) && rs_threshold_meets(&b->threshold, share[1]))
		grounds |= GROUND_VOTES;
	if (b->basis == 2 && grounds == 0 && !(no_value & 4) && rs_threshold_meets(&b->threshold, share[2]))
		grounds |= GROUND_HIGHER;
	return grounds;
}

static int
compare_officers(const void *a, const void *b)
{
	const RsOfficer *x = a,
			   *y = b;

	if (x->company != y->company)
		return x->company < y->company ? -1 : 1;
	return x->person < y->person ? -1 : x->person > y->person;
}

/* Rows for the declared officers of a company; false if there are none. */
static bool
put_officers(Beneficial *b, uint32 company, RsPartyKind kind, uint32 ground)
{
	const RsParties *p = b->parties;
	uint32		id = b->h->id_of[company];
	uint64		low = 0,
				high = p->nofficers;
	bool		any = false;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (p->officer[middle].company < id)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < p->nofficers && p->officer[low].company == id; low++)
	{
		if (p->officer[low].kind != kind)
			continue;
		put_row(b, &(Row) {.company = company, .node = b->h->node_of[p->officer[low].person],
					.kind = rs_party_kind_name(kind), .qualified = true,
					.grounds = ground, .group = RS_NO_ID});
		any = true;
	}
	return any;
}

/* One party at the end of a chain; true if it qualifies. */
static bool
weigh(Beneficial *b, uint32 company, uint32 node, const RsStake *const *stake, RsReal unknown,
	  uint32 unknown_flags, bool *state_stop)
{
	const RsParty *party = rs_party_of_node(b->parties, node);
	uint32		group = rs_group_find(b->group, node);
	bool		grouped = group_size(b, group) > 1;
	Row			row = {.company = company, .node = node, .group = grouped ? group : RS_NO_ID};
	RsReal group_share[BASES];
	bool		person = party->kind == RS_PARTY_PERSON;

	row.kind = rs_party_kind_name(party->kind);
	row.fact = control_fact(b, company, group);
	row.has_share = true;
	for (int s = 0; s < BASES; s++)
	{
		row.share[s] = stake[s] ? stake[s]->total : 0;
		row.flags |= stake[s] ? stake[s]->flags : 0;
		row.no_value |= without_value(s, stake[s] ? stake[s]->flags : 0);
		group_share[s] = b->sum[s][group];
	}
	row.grounds = share_grounds(b, row.share, row.no_value);
	if (row.grounds == 0 && grouped)
	{
		row.grounds = share_grounds(b, group_share, b->no_value[group]);
		if (row.grounds)
			row.grounds |= GROUND_CONCERT;
	}
	if (row.fact != NULL)
		row.grounds |= GROUND_CONTROL | (grouped ? GROUND_CONCERT : 0);

	if (row.grounds != 0)
	{
		row.qualified = person;
		if (!person)
			row.grounds |= GROUND_UNRESOLVED;
		*state_stop |= party->kind == RS_PARTY_STATE;
	}
	else if (person && ((row.no_value & (1 << b->basis)) || unknown_flags ||
						(unknown > 0 && rs_threshold_meets(&b->threshold, group_share[b->basis] + unknown))))
		row.grounds = GROUND_NOT_EXCLUDED;
	if (row.grounds != 0)
		put_row(b, &row);
	return row.qualified;
}

/* The group's sums begin with nothing for the company at hand. */
static void
touch_group(Beneficial *b, uint32 group)
{
	if (b->stamp[group] == b->round)
		return;
	b->stamp[group] = b->round;
	b->no_value[group] = 0;
	for (int s = 0; s < BASES; s++)
		b->sum[s][group] = 0;
	if (group_size(b, group) > 1)
		b->joint[b->njoint++] = group;
}

/*
 * What the companies of a concert group hold counts for the group, but once:
 * not again where a member is behind another. With X_km what member m holds of
 * member k over all chains, the shares y that chains from the company reach
 * come from what they meet first, f: y_m = f_m + sum of f_k X_km. The group has
 * the sum of f, and its persons' share less what they have through its companies.
 */
static void
add_companies(Beneficial *b, uint32 company, uint32 group, int basis)
{
	const RsStakes *stakes = b->system[basis] == b->system[0] ? &b->stakes[0] : &b->stakes[basis];
	MemoryContext scratch;
	uint32	   *node;
	RsReal	   *a,
			   *f,
			   *persons;
	uint32		n = 0;

	scratch = AllocSetContextCreate(b->h->budget, "risk_screen concert", ALLOCSET_DEFAULT_SIZES);
	node = rs_alloc(scratch, stakes->n, sizeof(uint32), purpose);
	f = rs_alloc(scratch, stakes->n, sizeof(RsReal), purpose);
	for (uint64 i = 0; i < stakes->n; i++)
	{
		const RsStake *stake = &stakes->stake[i];

		if (rs_group_find(b->group, stake->node) != group || stake->node == company ||
			stake->total == 0 || is_stop(b, stake->node))
			continue;
		node[n] = stake->node;
		f[n++] = stake->total;
	}
	if (n == 0)
	{
		MemoryContextDelete(scratch);
		return;
	}

	/* a: row m, column k; persons: what they hold of each company */
	a = rs_alloc0(scratch, (uint64) n * n, sizeof(RsReal), purpose);
	persons = rs_alloc0(scratch, n, sizeof(RsReal), purpose);
	for (uint32 k = 0; k < n; k++)
	{
		rs_system_solve(b->system[basis], node[k], false, &b->behind);
		for (uint64 i = 0; i < b->behind.n; i++)
		{
			const RsStake *stake = &b->behind.stake[i];

			if (rs_group_find(b->group, stake->node) != group)
				continue;
			b->no_value[group] |= without_value(basis, stake->flags);
			if (is_stop(b, stake->node))
				persons[k] += stake->total;
			for (uint32 m = 0; m < n; m++)
				if (node[m] == stake->node)
					a[(Size) m * n + k] = stake->total;
		}
		a[(Size) k * n + k] += 1;
	}
	/* a holds part of the inverse of an M-matrix: its pivots are positive. */
	for (uint32 k = 0; k < n; k++)
		for (uint32 m = k + 1; m < n; m++)
		{
			RsReal		factor = a[(Size) m * n + k] / a[(Size) k * n + k];

			CHECK_FOR_INTERRUPTS();
			if (factor == 0)
				continue;
			for (uint32 j = k; j < n; j++)
				a[(Size) m * n + j] -= factor * a[(Size) k * n + j];
			f[m] -= factor * f[k];
		}
	for (uint32 k = n; k-- > 0;)
	{
		for (uint32 j = k + 1; j < n; j++)
			f[k] -= a[(Size) k * n + j] * f[j];
		f[k] /= a[(Size) k * n + k];
		b->sum[basis][group] += f[k] * (1 - persons[k]);
	}
	MemoryContextDelete(scratch);
}

/* Members of a group with enough who hold nothing here themselves. */
static bool
put_silent_members(Beneficial *b, uint32 company, uint32 group)
{
	RsReal		sum[BASES];
	uint32		grounds;
	bool		any = false;

	for (int s = 0; s < BASES; s++)
		sum[s] = b->sum[s][group];
	grounds = share_grounds(b, sum, b->no_value[group]);
	if (grounds == 0)
		return false;
	for (uint32 m = b->member_start[group]; m < b->member_start[group + 1]; m++)
	{
		uint32		node = b->member[m];
		const ControlFact *fact = control_fact(b, company, group);

		if (b->shown[node] || !is_person(b, node) || node == company)
			continue;
		put_row(b, &(Row) {.company = company, .node = node,
					.kind = rs_party_kind_name(RS_PARTY_PERSON), .qualified = true, .has_share = true,
					.grounds = grounds | GROUND_CONCERT | (fact ? GROUND_CONTROL : 0), .fact = fact, .group = group});
		b->shown[node] = true;
		any = true;
	}
	return any;
}

static void
judge(Beneficial *b, uint32 company)
{
	RsStakes   *base = &b->stakes[0];
	RsOwnershipGraph *g = b->h->graph;
	bool		any = false;
	bool		state_stop = false;
	const RsStakes *chosen;
	ControlFact key = {company, 0, 0};
	uint64		low = 0,
				high = b->nfacts;

	for (int s = 0; s < BASES; s++)
	{
		if (s > 0 && b->system[s] == b->system[0])
			continue;
		rs_system_solve(b->system[s], company, false, &b->stakes[s]);
	}
	chosen = b->system[b->basis] == b->system[0] ? base : &b->stakes[b->basis];

	if (++b->round == 0)
	{
		memset(b->stamp, 0, sizeof(uint32) * g->nnodes);
		b->round = 1;
	}
	b->njoint = 0;
	for (uint64 i = 0; i < base->n; i++)
	{
		uint32		group = rs_group_find(b->group, base->stake[i].node);
		bool		stop = is_stop(b, base->stake[i].node);

		if (base->stake[i].node == company || (!stop && group_size(b, group) == 1))
			continue;
		touch_group(b, group);
		for (int s = 0; s < BASES; s++)
		{
			const RsStakes *from = b->system[s] == b->system[0] ? base : &b->stakes[s];

			if (stop)
				b->sum[s][group] += from->stake[i].total;
			b->no_value[group] |= without_value(s, from->stake[i].flags);
		}
	}
	for (uint32 j = 0; j < b->njoint; j++)
		for (int s = 0; s < BASES; s++)
		{
			if (s > 0 && b->system[s] == b->system[0])
				b->sum[s][b->joint[j]] = b->sum[0][b->joint[j]];
			else if (!(b->no_value[b->joint[j]] & (1 << s)))
				add_companies(b, company, b->joint[j], s);
		}
	for (uint64 i = 0; i < base->n; i++)
	{
		const RsStake *stake[BASES];

		if (!is_stop(b, base->stake[i].node))
			continue;
		for (int s = 0; s < BASES; s++)
			stake[s] = b->system[s] == b->system[0] ? &base->stake[i] : &b->stakes[s].stake[i];
		b->shown[base->stake[i].node] = true;
		any |= weigh(b, company, base->stake[i].node, stake, chosen->unknown,
					 chosen->unknown_flags & RS_FLAGS_NO_VALUE, &state_stop);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}

	for (uint32 j = 0; j < b->njoint; j++)
		any |= put_silent_members(b, company, b->joint[j]);

	/* Control without a share: agreements, and members of a group that hold nothing here. */
	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (compare_facts(&b->fact[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint64 i = low; i < b->nfacts && b->fact[i].company == company; i++)
	{
		uint32		group = b->fact[i].group;

		for (uint32 m = b->member_start[group]; m < b->member_start[group + 1]; m++)
		{
			uint32		node = b->member[m];
			bool		person = is_person(b, node);

			if (b->shown[node] || !is_stop(b, node))
				continue;
			touch_group(b, group);
			put_row(b, &(Row) {.company = company, .node = node,
						.kind = rs_party_kind_name(rs_party_of_node(b->parties, node)->kind),
						.qualified = person, .has_share = true,
						.grounds = GROUND_CONTROL | (person ? 0 : GROUND_UNRESOLVED) |
						(group_size(b, group) > 1 ? GROUND_CONCERT : 0),
						.fact = &b->fact[i], .group = group_size(b, group) > 1 ? group : RS_NO_ID});
			any |= person;
			state_stop |= rs_party_of_node(b->parties, node)->kind == RS_PARTY_STATE;
		}
	}
	for (uint64 i = 0; i < base->n; i++)
		b->shown[base->stake[i].node] = false;
	for (uint32 j = 0; j < b->njoint; j++)
		for (uint32 m = b->member_start[b->joint[j]]; m < b->member_start[b->joint[j] + 1]; m++)
			b->shown[b->member[m]] = false;

	if (chosen->unknown_flags || rs_threshold_meets(&b->threshold, chosen->unknown))
		put_row(b, &(Row) {.company = company, .node = RS_NO_ID, .kind = "unknown",
					.grounds = GROUND_UNRESOLVED, .has_share = true, .group = RS_NO_ID,
					.share = {b->stakes[0].unknown,
						(b->system[1] == b->system[0] ? base : &b->stakes[1])->unknown,
						(b->system[2] == b->system[0] ? base : &b->stakes[2])->unknown},
					.no_value = without_value(0, b->stakes[0].unknown_flags) |
					without_value(1, (b->system[1] == b->system[0] ? base : &b->stakes[1])->unknown_flags) |
					without_value(2, (b->system[2] == b->system[0] ? base : &b->stakes[2])->unknown_flags),
					.flags = RS_FLAG_UNKNOWN | chosen->unknown_flags});
	if (chosen->has_closed && rs_threshold_meets(&b->threshold, chosen->closed))
		put_row(b, &(Row) {.company = company, .node = RS_NO_ID, .kind = "closed_loop",
					.grounds = GROUND_UNRESOLVED, .has_share = false, .group = RS_NO_ID,
					.flags = RS_FLAG_CLOSED_LOOP});
	if (state_stop)
		any |= put_officers(b, company, RS_PARTY_LEGAL_REPRESENTATIVE, GROUND_LEGAL_REP);
	if (!any && !put_officers(b, company, RS_PARTY_MANAGER, GROUND_FALLBACK))
		put_row(b, &(Row) {.company = company, .node = RS_NO_ID, .grounds = GROUND_FALLBACK, .group = RS_NO_ID});
}

/* Who acts with a party met, holding nothing itself: only then is it asked who that is. */
static void
discover_allies(RsHoldings *h, const RsLinks *links)
{
	uint32		n = rs_interner_count(h->interner);
	uint32	   *group = rs_groups_create(h->budget, n);
	bool	   *met = rs_alloc0(h->budget, n, sizeof(bool), purpose);

	for (uint64 i = 0; i < links->n; i++)
		if (links->link[i].kind != RS_LINK_ECONOMIC)
			rs_group_join(group, links->link[i].a, links->link[i].b);
	for (uint64 d = 0; d < h->ndiscovered; d++)
		met[rs_group_find(group, h->discovered[d])] = true;
	for (uint64 i = 0; i < links->n; i++)
		if (met[rs_group_find(group, links->link[i].a)] && links->link[i].kind != RS_LINK_ECONOMIC)
		{
			rs_holdings_discover(h, links->link[i].a);
			rs_holdings_discover(h, links->link[i].b);
		}
	pfree(met);
	pfree(group);
}

/*
 * beneficial_owners(holdings text, persons text, threshold numeric, inclusive boolean, basis text,
 *					 as_of date, targets text[], concert text, control_threshold numeric,
 *					 known_at timestamptz, bad_rows text)
 *	 returns (company text, party text, kind text, qualified boolean, grounds text[], equity numeric,
 *			  votes numeric, higher numeric, concert text[], concert_share numeric, control boolean,
 *			  via text, flags text[])
 *
 * Shares are totals over all chains, fractions of 1, NULL where a flag says so.
 * persons: party, kind, company; see docs/look_through.md. Every company asked
 * gets at least one row. Errors: 22023 options and kinds, and the reader's.
 */
PG_FUNCTION_INFO_V1(rs_beneficial_owners);
Datum
rs_beneficial_owners(PG_FUNCTION_ARGS)
{
	Beneficial	b = {0};
	MemoryContext budget;
	RsHoldings *h;
	RsOwnershipGraph *g;
	RsThreshold control;
	RsLinks    *links = NULL;
	char	   *basis;
	char	   *bad_rows;
	uint32	   *ids = NULL;
	uint32		nids = 0;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;

	for (int i = 0; i < 11; i++)
		if (PG_ARGISNULL(i) && i != 5 && i != 6 && i != 7 && i != 9)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only as_of, targets, concert and known_at may be null")));
	b.threshold = rs_threshold_argument(PG_GETARG_DATUM(2), PG_GETARG_BOOL(3), false, "threshold");
	control = rs_threshold_argument(PG_GETARG_DATUM(8), false, false, "control_threshold");
	basis = text_to_cstring(PG_GETARG_TEXT_PP(4));
	b.basis = strcmp(basis, "equity") == 0 ? 0 : strcmp(basis, "votes") == 0 ? 1 : strcmp(basis, "higher") == 0 ? 2 : -1;
	if (b.basis < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown basis \"%s\"", basis),
				 errhint("Use 'equity', 'votes' or 'higher' (at every level the higher of the two).")));
	bad_rows = text_to_cstring(PG_GETARG_TEXT_PP(10));
	if (!PG_ARGISNULL(5))
		as_of = PG_GETARG_DATEADT(5);
	if (!PG_ARGISNULL(9))
		known_at = PG_GETARG_TIMESTAMPTZ(9);

	InitMaterializedSRF(fcinfo, 0);
	b.result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	b.row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	b.h = h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget,
							   RS_CLASSES_EQUITY | (1u << RS_CLASS_CONTROL), false, 0, bad_rows,
							   PG_ARGISNULL(5) ? NULL : &as_of, PG_ARGISNULL(9) ? NULL : &known_at);
	rs_holdings_take_least(h);
	if (PG_ARGISNULL(6))
		rs_holdings_load_all(h);
	else
	{
		ids = rs_holdings_ids(h, PG_GETARG_ARRAYTYPE_P(6), "targets", &nids);
		rs_holdings_load_around(h, ids, nids, true);
	}
	if (!PG_ARGISNULL(7))
		links = rs_links_read(h, text_to_cstring(PG_GETARG_TEXT_PP(7)), "concert", bad_rows);
	if (links != NULL && ids != NULL)
		discover_allies(h, links);
	b.parties = rs_parties_read(h, text_to_cstring(PG_GETARG_TEXT_PP(1)), "persons", bad_rows, ids != NULL);
	rs_holdings_build(h);
	g = h->graph;
	qsort(b.parties->officer, b.parties->nofficers, sizeof(RsOfficer), compare_officers);

	b.group = rs_groups_create(budget, g->nnodes);
	if (links != NULL)
		for (uint64 i = 0; i < links->n; i++)
			if (links->link[i].kind != RS_LINK_ECONOMIC)
				rs_group_join(b.group, h->node_of[links->link[i].a], h->node_of[links->link[i].b]);
	for (uint64 i = 0; i < h->nconcert; i += 2)
		rs_group_join(b.group, h->node_of[h->concert[i]], h->node_of[h->concert[i + 1]]);
	list_members(&b);
	find_control(&b, &control);

	b.system[0] = b.system[1] = b.system[2] = rs_system_create(g, RS_BASIS_SHARE, false);
	if (g->value[RS_V_VOTES] != NULL)
	{
		b.system[1] = rs_system_create(g, RS_BASIS_VOTES, false);
		b.system[2] = rs_system_create(g, RS_BASIS_HIGHER, false);
	}
	for (int s = 0; s < BASES; s++)
		b.sum[s] = rs_alloc0(budget, g->nnodes, sizeof(RsReal), purpose);
	b.stamp = rs_alloc0(budget, g->nnodes, sizeof(uint32), purpose);
	b.no_value = rs_alloc0(budget, g->nnodes, sizeof(uint8), purpose);
	b.joint = rs_alloc(budget, g->nnodes, sizeof(uint32), purpose);
	b.shown = rs_alloc0(budget, g->nnodes, sizeof(bool), purpose);
	if (ids != NULL)
	{
		bool	   *done = rs_alloc0(budget, h->nids, sizeof(bool), purpose);

		for (uint32 i = 0; i < nids; i++)
			if (!done[ids[i]])
			{
				done[ids[i]] = true;
				judge(&b, h->node_of[ids[i]]);
			}
	}
	else
		for (uint32 k = 0; k < g->nnodes; k++)
			if (g->in_start[k] < g->in_start[k + 1])
				judge(&b, k);
	rs_holdings_close(h);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
