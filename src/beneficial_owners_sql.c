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
 * Per company: one solve per basis (equity, votes, higher); parties in concert
 * count as one holder, for themselves and for who controls one of them
 * (ownership_concert.c); control comes from the majority fixpoint, run once from
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

#include "ownership_concert.h"
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
	bool	   *stop;			/* by node: a chain ends here */
	RsConcert  *concert;
	const uint32 *met;			/* alliances met in the company at hand */
	uint32		nmet;
	RsReal	   *sum[BASES];		/* by alliance, of the company at hand */
	uint8	   *no_value;		/* by alliance: bit s, basis s has no value for it */
	bool	   *shown;			/* by node, of the company at hand */
	uint32	   *touched;		/* alliances with numbers in sum[] to be cleared */
	uint32		ntouched;
	bool	   *in_touched;
} Beneficial;

static bool
is_person(const Beneficial *b, uint32 node)
{
	return rs_party_of_node(b->parties, node)->kind == RS_PARTY_PERSON;
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
	const RsControlFact *fact;
	uint32		alliance;		/* RS_NO_ALLIANCE: none */
} Row;

static void
put_row(Beneficial *b, const Row *row)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};
	const uint32 *party = NULL;
	uint32		nparties = 0;
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
	if (row->alliance != RS_NO_ALLIANCE)
		party = rs_alliance_parties(b->concert, row->alliance, &nparties);
	/* Allies that have nothing to do with the company make no concert in it. */
	nulls[8] = nparties < 2;
	nulls[9] = nulls[8] || !row->has_share || (b->no_value[row->alliance] & (1 << b->basis)) != 0;
	if (!nulls[8])
		values[8] = rs_holdings_names(b->h, party, nparties);
	if (!nulls[9])
		values[9] = rs_share_numeric(b->sum[b->basis][row->alliance]);
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

/* Nothing is no share, even where the threshold is 0. */
static inline bool
is_enough(const Beneficial *b, RsReal share)
{
	return share > 0 && rs_threshold_meets(&b->threshold, share);
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

	if (b->basis != 1 && !(no_value & 1) && is_enough(b, share[0]))
		grounds |= GROUND_EQUITY;
	if (b->basis != 0 && !(no_value & 2) && is_enough(b, share[1]))
		grounds |= GROUND_VOTES;
	if (b->basis == 2 && grounds == 0 && !(no_value & 4) && is_enough(b, share[2]))
		grounds |= GROUND_HIGHER;
	return grounds;
}

/* Does a basis count? Under 'higher' all three do. */
static inline bool
counts(const Beneficial *b, int basis)
{
	return b->basis == 2 || b->basis == basis;
}

static inline const RsStakes *
stakes_of(const Beneficial *b, int basis)
{
	return &b->stakes[b->system[basis] == b->system[0] ? 0 : basis];
}

/* Which grounds an alliance met meets. */
static uint32
alliance_grounds(const Beneficial *b, uint32 alliance)
{
	RsReal		sum[BASES];

	for (int s = 0; s < BASES; s++)
		sum[s] = b->sum[s][alliance];
	return share_grounds(b, sum, b->no_value[alliance]);
}

static int
compare_officers(const void *a, const void *b)
{
	const RsOfficer *x = a,
			   *y = b;

	if (x->company != y->company)
		return x->company < y->company ? -1 : 1;
	if (x->person != y->person)
		return x->person < y->person ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
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
		/* Said twice, or read for the person and for the company. */
		if (low > 0 && compare_officers(&p->officer[low - 1], &p->officer[low]) == 0)
			continue;
		put_row(b, &(Row) {.company = company, .node = b->h->node_of[p->officer[low].person],
					.kind = rs_party_kind_name(kind), .qualified = true,
					.grounds = ground, .alliance = RS_NO_ALLIANCE});
		any = true;
	}
	return any;
}

/* Control together with others is a concert's; a concert is told even if one of it controls alone. */
static uint32
control_grounds(const Beneficial *b, const RsControlFact *fact)
{
	return fact == NULL ? 0 : GROUND_CONTROL | (fact->concert ? GROUND_CONCERT : 0);
}

/* With the unknown part of a basis that counts, could the party, or its alliance, reach the line? */
static bool
not_excluded(const Beneficial *b, uint32 alliance, const Row *row)
{
	for (int s = 0; s < BASES; s++)
	{
		const RsStakes *stakes = stakes_of(b, s);
		RsReal		share = alliance == RS_NO_ALLIANCE ? row->share[s] : b->sum[s][alliance];

		if (!counts(b, s))
			continue;
		if ((row->no_value & (1 << s)) || (stakes->unknown_flags & RS_FLAGS_NO_VALUE) ||
			(stakes->unknown > 0 && rs_threshold_meets(&b->threshold, share + stakes->unknown)))
			return true;
	}
	return false;
}

/* One party at the end of a chain; true if it qualifies. */
static bool
weigh(Beneficial *b, uint32 company, uint32 node, const RsStake *const *stake, bool *state_stop)
{
	const RsParty *party = rs_party_of_node(b->parties, node);
	uint32		group = b->group[node];
	uint32		alliance = rs_concert_alliance(b->concert, group);
	bool		person = party->kind == RS_PARTY_PERSON;
	Row			row = {.company = company, .node = node, .alliance = alliance};

	row.kind = rs_party_kind_name(party->kind);
	row.fact = rs_concert_control_of(b->concert, company, group);
	row.has_share = true;
	for (int s = 0; s < BASES; s++)
	{
		row.share[s] = stake[s] ? stake[s]->total : 0;
		row.flags |= stake[s] ? stake[s]->flags : 0;
		row.no_value |= without_value(s, stake[s] ? stake[s]->flags : 0);
	}
	row.grounds = share_grounds(b, row.share, row.no_value);
	if (row.grounds == 0 && alliance != RS_NO_ALLIANCE)
	{
		row.grounds = alliance_grounds(b, alliance);
		if (row.grounds)
			row.grounds |= GROUND_CONCERT;
	}
	row.grounds |= control_grounds(b, row.fact);

	if (row.grounds != 0)
	{
		row.qualified = person;
		if (!person)
			row.grounds |= GROUND_UNRESOLVED;
		*state_stop |= party->kind == RS_PARTY_STATE;
	}
	else if (person && not_excluded(b, alliance, &row))
		row.grounds = GROUND_NOT_EXCLUDED;
	if (row.grounds != 0)
		put_row(b, &row);
	return row.qualified;
}

/* The numbers of an alliance in the company at hand, nothing where none is met. */
static void
touch(Beneficial *b, uint32 alliance)
{
	if (b->in_touched[alliance])
		return;
	b->in_touched[alliance] = true;
	b->touched[b->ntouched++] = alliance;
	b->no_value[alliance] = 0;
	for (int s = 0; s < BASES; s++)
		b->sum[s][alliance] = 0;
}

/* Those who act in an alliance with enough, and hold nothing here themselves. */
static bool
put_silent_parties(Beneficial *b, uint32 company, uint32 alliance, bool *state_stop)
{
	uint32		group = rs_alliance_group(b->concert, alliance);
	const RsControlFact *fact = rs_concert_control_of(b->concert, company, group);
	uint32		grounds = alliance_grounds(b, alliance);
	const uint32 *member;
	uint32		n;
	bool		any = false;

	if (grounds == 0 && fact == NULL)
		return false;
	if (grounds != 0)
		grounds |= GROUND_CONCERT;
	grounds |= control_grounds(b, fact);
	if (rs_alliance_headless(b->concert, alliance))
	{
		Row			row = {.company = company, .node = RS_NO_ID, .kind = "concert", .has_share = true,
			.grounds = grounds | GROUND_UNRESOLVED, .fact = fact, .alliance = alliance,
			.no_value = b->no_value[alliance]};

		for (int s = 0; s < BASES; s++)
			row.share[s] = b->sum[s][alliance];
		put_row(b, &row);
		return false;
	}
	member = rs_concert_members(b->concert, group, &n);
	for (uint32 m = 0; m < n; m++)
	{
		uint32		node = member[m];
		const RsParty *party = rs_party_of_node(b->parties, node);
		bool		person = party->kind == RS_PARTY_PERSON;

		if (b->shown[node] || !b->stop[node] || node == company)
			continue;
		put_row(b, &(Row) {.company = company, .node = node,
					.kind = rs_party_kind_name(party->kind), .qualified = person, .has_share = true,
					.grounds = grounds | (person ? 0 : GROUND_UNRESOLVED), .fact = fact, .alliance = alliance});
		*state_stop |= party->kind == RS_PARTY_STATE;
		any |= person;
	}
	return any;
}

static void
judge(Beneficial *b, uint32 company)
{
	RsStakes   *base = &b->stakes[0];
	bool		any = false;
	bool		state_stop = false;
	const RsControlFact *fact;
	uint64		nfacts;
	bool		unsure = false,
				closed = false;
	Row			unknown = {.company = company, .node = RS_NO_ID, .kind = "unknown", .grounds = GROUND_UNRESOLVED,
	.has_share = true, .alliance = RS_NO_ALLIANCE, .flags = RS_FLAG_UNKNOWN};

	for (int s = 0; s < BASES; s++)
	{
		if (s > 0 && b->system[s] == b->system[0])
			continue;
		rs_system_solve(b->system[s], company, false, &b->stakes[s]);
	}

	b->met = rs_concert_meet(b->concert, company, base, &b->nmet);
	for (uint32 j = 0; j < b->nmet; j++)
	{
		uint32		alliance = b->met[j];

		touch(b, alliance);
		for (int s = 0; s < BASES; s++)
		{
			if (s > 0 && b->system[s] == b->system[0])
			{
				b->sum[s][alliance] = b->sum[0][alliance];
				b->no_value[alliance] |= (b->no_value[alliance] & 1) << s;
			}
			else if (!rs_alliance_share(b->concert, alliance, b->system[s], s == 0 ? base : &b->stakes[s],
										&b->sum[s][alliance]))
				b->no_value[alliance] |= (uint8) (1 << s);
		}
	}
	for (uint64 i = 0; i < base->n; i++)
	{
		const RsStake *stake[BASES];

		if (!b->stop[base->stake[i].node])
			continue;
		for (int s = 0; s < BASES; s++)
			stake[s] = b->system[s] == b->system[0] ? &base->stake[i] : &b->stakes[s].stake[i];
		b->shown[base->stake[i].node] = true;
		any |= weigh(b, company, base->stake[i].node, stake, &state_stop);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}

	/* Control without a share, by agreement: alone, or with others. */
	fact = rs_concert_control(b->concert, company, &nfacts);
	for (uint64 i = 0; i < nfacts; i++)
	{
		uint32		alliance = rs_concert_alliance(b->concert, fact[i].group);
		uint32		node = fact[i].group;
		bool		person;

		if (alliance != RS_NO_ALLIANCE)
		{
			touch(b, alliance);
			continue;
		}
		/* alone, so its group is itself */
		if (b->shown[node])
			continue;
		person = is_person(b, node);
		put_row(b, &(Row) {.company = company, .node = node,
					.kind = rs_party_kind_name(rs_party_of_node(b->parties, node)->kind),
					.qualified = person, .has_share = true,
					.grounds = GROUND_CONTROL | (person ? 0 : GROUND_UNRESOLVED),
					.fact = &fact[i], .alliance = RS_NO_ALLIANCE});
		any |= person;
		state_stop |= rs_party_of_node(b->parties, node)->kind == RS_PARTY_STATE;
	}
	for (uint32 j = 0; j < b->ntouched; j++)
		any |= put_silent_parties(b, company, b->touched[j], &state_stop);
	for (uint32 j = 0; j < b->ntouched; j++)
		b->in_touched[b->touched[j]] = false;
	b->ntouched = 0;
	for (uint64 i = 0; i < base->n; i++)
		b->shown[base->stake[i].node] = false;

	if (b->h->graph->in_start[company] == b->h->graph->in_start[company + 1])
	{
		/* nothing is recorded: it may be anybody's */
		unknown.flags |= RS_FLAG_NO_HOLDERS;
		unsure = true;
	}
	for (int s = 0; s < BASES; s++)
	{
		const RsStakes *of = stakes_of(b, s);

		unknown.share[s] = unknown.flags & RS_FLAG_NO_HOLDERS ? 1 : of->unknown;
		unknown.no_value |= without_value(s, of->unknown_flags);
		if (counts(b, s))
		{
			unknown.flags |= of->unknown_flags;
			closed |= of->has_closed && is_enough(b, of->closed);
			unsure |= of->unknown_flags != 0 || is_enough(b, of->unknown);
		}
	}
	if (unsure)
		put_row(b, &unknown);
	if (closed)
		put_row(b, &(Row) {.company = company, .node = RS_NO_ID, .kind = "closed_loop",
					.grounds = GROUND_UNRESOLVED, .has_share = false, .alliance = RS_NO_ALLIANCE,
					.flags = RS_FLAG_CLOSED_LOOP});
	if (state_stop)
		any |= put_officers(b, company, RS_PARTY_LEGAL_REPRESENTATIVE, GROUND_LEGAL_REP);
	if (!any && !put_officers(b, company, RS_PARTY_MANAGER, GROUND_FALLBACK))
		put_row(b, &(Row) {.company = company, .node = RS_NO_ID, .grounds = GROUND_FALLBACK, .alliance = RS_NO_ALLIANCE});
}

/*
 * What is said about who acts with a party met is read too. False: such parties
 * were met only now, and who is behind them is not read yet; they are listed.
 */
static bool
all_allies_read(RsHoldings *h, const RsLinks *links, ArrayType **missing)
{
	uint32		n = rs_interner_count(h->interner);
	uint32	   *group = rs_groups_create(h->budget, n);
	bool	   *met = rs_alloc0(h->budget, n, sizeof(bool), purpose);
	bool	   *read = rs_alloc0(h->budget, n, sizeof(bool), purpose);
	ArrayBuildState *found = NULL;

	for (uint64 i = 0; i < links->n; i++)
		rs_group_join(group, links->link[i].a, links->link[i].b);
	for (uint64 d = 0; d < h->ndiscovered; d++)
	{
		met[rs_group_find(group, h->discovered[d])] = true;
		read[h->discovered[d]] = true;
	}
	for (uint64 i = 0; i < links->n; i++)
		for (int side = 0; side < 2; side++)
		{
			uint32		id = side == 0 ? links->link[i].a : links->link[i].b;

			if (read[id] || !met[rs_group_find(group, id)])
				continue;
			read[id] = true;
			found = accumArrayResult(found, rs_holdings_text(h, id), false, TEXTOID, CurrentMemoryContext);
		}
	pfree(read);
	pfree(met);
	pfree(group);
	if (found == NULL)
		return true;
	*missing = DatumGetArrayTypeP(makeArrayResult(found, CurrentMemoryContext));
	return false;
}

/* Holdings, and pairs that act together, around the targets or all. */
static void
read_holdings(Beneficial *b, FunctionCallInfo fcinfo, MemoryContext budget, const char *bad_rows,
			  RsLinks **links, uint32 **ids, uint32 *nids)
{
	DateADT		as_of = PG_ARGISNULL(5) ? 0 : PG_GETARG_DATEADT(5);
	TimestampTz known_at = PG_ARGISNULL(9) ? 0 : PG_GETARG_TIMESTAMPTZ(9);
	List	   *allies = NIL;

	for (;;)
	{
		RsHoldings *h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget,
										 RS_CLASSES_EQUITY | (1u << RS_CLASS_CONTROL), false, 0, bad_rows,
										 PG_ARGISNULL(5) ? NULL : &as_of, PG_ARGISNULL(9) ? NULL : &known_at);
		ArrayType  *missing;
		uint32	   *around;
		uint32		n;

		b->h = h;
		rs_holdings_take_least(h);
		rs_holdings_follow_concert(h);
		if (PG_ARGISNULL(6))
			rs_holdings_load_all(h);
		else
		{
			ListCell   *cell;

			*ids = rs_holdings_ids(h, PG_GETARG_ARRAYTYPE_P(6), "targets", nids);
			n = *nids;
			around = rs_alloc(budget, n, sizeof(uint32), purpose);
			memcpy(around, *ids, sizeof(uint32) * n);
			foreach(cell, allies)
			{
				uint32		count;
				uint32	   *more = rs_holdings_ids(h, lfirst(cell), "concert", &count);

				around = rs_resize(budget, around, (uint64) n + count, sizeof(uint32), purpose);
				memcpy(around + n, more, sizeof(uint32) * count);
				n += count;
			}
			rs_holdings_load_around(h, around, n, true);
		}
		*links = PG_ARGISNULL(7) ? NULL : rs_links_read(h, text_to_cstring(PG_GETARG_TEXT_PP(7)), "concert", bad_rows, RS_LINKS_CONCERT);
		if (*links == NULL || *ids == NULL || all_allies_read(h, *links, &missing))
		{
			if (*links != NULL)
				rs_links_close(*links, false);
			return;
		}
		/* Who is behind an ally may be asked: begin again, around the allies too. */
		allies = lappend(allies, missing);
		rs_links_close(*links, true);
		rs_holdings_abandon(h);
		MemoryContextReset(budget);
		*links = NULL;
	}
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
	uint32		nalliances;

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

	InitMaterializedSRF(fcinfo, 0);
	b.result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	SPI_connect();
	read_holdings(&b, fcinfo, budget, bad_rows, &links, &ids, &nids);
	h = b.h;
	b.row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	b.parties = rs_parties_read(h, text_to_cstring(PG_GETARG_TEXT_PP(1)), "persons", bad_rows, ids != NULL);
	rs_holdings_build(h);
	g = h->graph;
	qsort(b.parties->officer, b.parties->nofficers, sizeof(RsOfficer), compare_officers);

	b.group = rs_groups_create(budget, g->nnodes);
	if (links != NULL)
		for (uint64 i = 0; i < links->n; i++)
			rs_group_join(b.group, h->node_of[links->link[i].a], h->node_of[links->link[i].b]);
	for (uint64 i = 0; i < h->nconcert; i += 2)
		rs_group_join(b.group, h->node_of[h->concert[i]], h->node_of[h->concert[i + 1]]);
	b.stop = rs_alloc(budget, g->nnodes, sizeof(bool), purpose);
	for (uint32 k = 0; k < g->nnodes; k++)
	{
		b.group[k] = rs_group_find(b.group, k);
		b.stop[k] = is_person(&b, k) || g->in_start[k] == g->in_start[k + 1];
	}
	b.concert = rs_concert_create(g, b.group, b.stop, &control);

	b.system[0] = b.system[1] = b.system[2] = rs_system_create(g, RS_BASIS_SHARE, false);
	if (g->value[RS_V_VOTES] != NULL)
	{
		b.system[1] = rs_system_create(g, RS_BASIS_VOTES, false);
		b.system[2] = rs_system_create(g, RS_BASIS_HIGHER, false);
	}
	nalliances = rs_concert_alliances(b.concert);
	for (int s = 0; s < BASES; s++)
		b.sum[s] = rs_alloc0(budget, nalliances, sizeof(RsReal), purpose);
	b.no_value = rs_alloc0(budget, nalliances, sizeof(uint8), purpose);
	b.touched = rs_alloc(budget, nalliances, sizeof(uint32), purpose);
	b.in_touched = rs_alloc0(budget, nalliances, sizeof(bool), purpose);
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
