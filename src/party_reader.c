/*
 * src/party_reader.c
 *	  What the analyst says about parties, and which of them belong together.
 *
 * Two small contracts beside holdings. "parties": what a party is (natural
 * person, state body, listed company, product, ...), whether it is looked
 * through, who it is by document, who manages it. "links": pairs that act or
 * belong together, with the reason. Both share the identifiers of the holdings
 * query and are kept by interner number; the graph is built afterwards.
 */
#include "pg_compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "party_reader.h"
#include "rs_memory.h"

#define KEY (RS_REQUIRED | RS_NOT_NULL)

enum { P_PARTY, P_KIND, P_COMPANY, P_IDENTITY, P_PASS_THROUGH, P_DECLARED, P_MAX_INVESTORS, P_FORM, P_VALID_FROM, P_VALID_TO, P_COLUMNS };

static const RsColumn party_column[P_COLUMNS] = {
	[P_PARTY] = {"party", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[P_KIND] = {"kind", RS_TEXT, 0},
	[P_COMPANY] = {"company", RS_ID, 0, RS_INTERN_ACCOUNT},
	[P_IDENTITY] = {"identity", RS_ID, 0, RS_INTERN_OTHER},
	[P_PASS_THROUGH] = {"pass_through", RS_BOOL, 0},
	[P_DECLARED] = {"declared_investors", RS_INTEGER, 0},
	[P_MAX_INVESTORS] = {"max_investors", RS_INTEGER, 0},
	[P_FORM] = {"form", RS_TEXT, 0},
	[P_VALID_FROM] = {"valid_from", RS_DATE, 0},
	[P_VALID_TO] = {"valid_to", RS_DATE, 0},
};

enum { L_A, L_B, L_KIND, L_VALID_FROM, L_VALID_TO, L_COLUMNS };

static const RsColumn link_column[L_COLUMNS] = {
	[L_A] = {"a", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[L_B] = {"b", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[L_KIND] = {"kind", RS_TEXT, 0},
	[L_VALID_FROM] = {"valid_from", RS_DATE, 0},
	[L_VALID_TO] = {"valid_to", RS_DATE, 0},
};

/* Half-open, on the day the holdings are asked about. */
static bool
is_valid(const RsHoldings *h, const RsRow *row, int from, int to)
{
	return (row->isnull[from] || row->value[from].date <= h->options.as_of) &&
		(row->isnull[to] || h->options.as_of < row->value[to].date);
}

static const struct
{
	const char *name;
	RsPartyKind kind;
}			kind_names[] = {
	{"person", RS_PARTY_PERSON}, {"state", RS_PARTY_STATE}, {"listed", RS_PARTY_LISTED},
	{"foreign", RS_PARTY_FOREIGN}, {"fund", RS_PARTY_FUND}, {"company", RS_PARTY_COMPANY},
	{"public_fund", RS_PARTY_PUBLIC_FUND}, {"vehicle", RS_PARTY_VEHICLE},
	{"exempt", RS_PARTY_EXEMPT}, {"manager", RS_PARTY_MANAGER},
	{"legal_representative", RS_PARTY_LEGAL_REPRESENTATIVE}, {"other", RS_PARTY_OTHER},
	/* what the registers call them */
	{"product", RS_PARTY_VEHICLE}, {"plan", RS_PARTY_VEHICLE}, {"trust", RS_PARTY_VEHICLE},
	{"partnership", RS_PARTY_VEHICLE}, {"contract", RS_PARTY_VEHICLE}, {"private_fund", RS_PARTY_VEHICLE},
	{"pension", RS_PARTY_EXEMPT}, {"social_security", RS_PARTY_EXEMPT}, {"charity", RS_PARTY_EXEMPT},
	{"registered", RS_PARTY_EXEMPT},
	{"自然人", RS_PARTY_PERSON}, {"国有", RS_PARTY_STATE}, {"上市", RS_PARTY_LISTED},
	{"外资", RS_PARTY_FOREIGN}, {"公募基金", RS_PARTY_PUBLIC_FUND}, {"合伙企业", RS_PARTY_VEHICLE},
	{"契约", RS_PARTY_VEHICLE}, {"资管计划", RS_PARTY_VEHICLE}, {"信托计划", RS_PARTY_VEHICLE},
	{"企业", RS_PARTY_COMPANY}, {"enterprise", RS_PARTY_COMPANY},
};

const char *
rs_party_kind_name(RsPartyKind kind)
{
	for (int i = 0; i < lengthof(kind_names); i++)
		if (kind_names[i].kind == kind)
			return kind_names[i].name;
	return "unlisted";
}

#define OR_SKIP "bad_rows => 'skip' leaves such rows out with a warning that counts them."

/* False: the row is left out. A kind that we misread would change who is counted. */
static bool
read_kind(RsParties *p, const RsRow *row, RsPartyKind *kind)
{
	char	   *name = TextDatumGetCString(row->value[P_KIND].text);

	for (int i = 0; i < lengthof(kind_names); i++)
		if (pg_strcasecmp(name, kind_names[i].name) == 0)
		{
			*kind = kind_names[i].kind;
			pfree(name);
			return true;
		}
	if (!rs_query_skips(p->query, P_KIND, RS_FAULT_UNKNOWN))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown kind of party \"%s\"", name),
				 errdetail("In row " UINT64_FORMAT " of the %s query.", row->number, p->argument),
				 errhint("Use person, company, state, listed, foreign, fund, public_fund, vehicle (product, plan, trust, partnership, contract, private_fund), exempt (pension, social_security, charity, registered), manager, legal_representative or other. " OR_SKIP)));
	pfree(name);
	return false;
}

static RsParty *
party_slot(RsParties *p, uint32 id)
{
	uint64		before = p->nparties;

	if (id >= p->nparties)
	{
		p->party = rs_grow(p->h->budget, p->party, &p->party_capacity, (uint64) id + 1, sizeof(RsParty), "parties");
		p->nparties = (uint64) id + 1;
		memset(p->party + before, 0, sizeof(RsParty) * (p->nparties - before));
		for (uint64 i = before; i < p->nparties; i++)
		{
			p->party[i].pass_through = -1;
			p->party[i].identity = RS_NO_ID;
			p->party[i].declared = p->party[i].max_investors = -1;
		}
	}
	return &p->party[id];
}

static void
take_party(void *arg, const RsRow *row)
{
	RsParties  *p = arg;
	uint32		id = rs_holdings_number(p->h, row->value[P_PARTY].id);
	RsPartyKind kind = RS_PARTY_OTHER;
	RsParty    *party;

	if (!row->isnull[P_KIND] && !read_kind(p, row, &kind))
		return;
	if (!is_valid(p->h, row, P_VALID_FROM, P_VALID_TO))
		return;
	if (kind == RS_PARTY_MANAGER || kind == RS_PARTY_LEGAL_REPRESENTATIVE)
	{
		if (row->isnull[P_COMPANY])
		{
			if (rs_query_skips(p->query, P_COMPANY, RS_FAULT_NULL))
				return;
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a manager or legal representative needs the column \"company\""),
					 errdetail("In row " UINT64_FORMAT " of the %s query.", row->number, p->argument),
					 errhint("It says of which company. " OR_SKIP)));
		}
		p->officer = rs_grow(p->h->budget, p->officer, &p->officer_capacity, p->nofficers + 1,
							 sizeof(RsOfficer), "parties");
		p->officer[p->nofficers++] = (RsOfficer) {rs_holdings_number(p->h, row->value[P_COMPANY].id), id, (uint8) kind};
		return;
	}
	for (int c = P_DECLARED; c <= P_MAX_INVESTORS; c++)
		if (!row->isnull[c] && row->value[c].integer < 0)
		{
			if (rs_query_skips(p->query, c, RS_FAULT_NEGATIVE))
				return;
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("column \"%s\" of the %s query is negative", party_column[c].name, p->argument),
					 errdetail("In row " UINT64_FORMAT " of the query.", row->number),
					 errhint("It counts investors; NULL says that it is not known. " OR_SKIP)));
		}
	party = party_slot(p, id);
	/*
	 * A second row about a party may add. Where two differ, the order in which
	 * they come must not matter: of kinds the more specific counts, of numbers
	 * the stricter, it is looked through if one says so, and each document is its.
	 */
	if (kind != RS_PARTY_OTHER || party->kind == RS_PARTY_UNLISTED)
		party->kind = (uint8) Max(party->kind, kind);
	if (!row->isnull[P_PASS_THROUGH])
		party->pass_through = Max(party->pass_through, (int8) row->value[P_PASS_THROUGH].boolean);
	if (!row->isnull[P_IDENTITY])
	{
		uint32		identity = row->value[P_IDENTITY].id;

		if (party->identity != RS_NO_ID && party->identity != identity)
		{
			p->same = rs_grow(p->h->budget, p->same, &p->same_capacity, p->nsame + 2, sizeof(uint32), "parties");
			p->same[p->nsame++] = party->identity;
			p->same[p->nsame++] = identity;
		}
		party->identity = identity;
	}
	if (!row->isnull[P_DECLARED])
		party->declared = Max(party->declared, row->value[P_DECLARED].integer);
	if (!row->isnull[P_MAX_INVESTORS])
		party->max_investors = party->max_investors < 0 ? row->value[P_MAX_INVESTORS].integer :
			Min(party->max_investors, row->value[P_MAX_INVESTORS].integer);
	if (!row->isnull[P_FORM] && (party->form == (Datum) 0 ||
								 DatumGetInt32(DirectFunctionCall2Coll(bttextcmp, C_COLLATION_OID, row->value[P_FORM].text, party->form)) < 0))
		party->form = PointerGetDatum(DatumGetTextPCopy(row->value[P_FORM].text));
}

static void
read_about(RsParties *p, int column)
{
	RsHoldings *h = p->h;
	Oid			array_type = rs_query_array_type(p->query, column);
	Oid			type = rs_interner_type(rs_holdings_identifiers(h));
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *element = rs_alloc(h->budget, h->ndiscovered, sizeof(Datum), "parties");
	Datum		array;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	for (uint64 i = 0; i < h->ndiscovered; i++)
		element[i] = rs_holdings_datum(h, h->discovered[i]);
	array = PointerGetDatum(construct_array(element, (int) h->ndiscovered, type, length, by_value, align));
	/* Rows about an officer of a company met, who is met too, were read as that party's. */
	rs_query_read_bound(p->query, "pg_catalog.unnest($1) AS f(id) JOIN",
						psprintf("ON %s%s", rs_query_match(p->query, column, "f.id"), column == P_PARTY ? "" :
								 psprintf(" AND (%s) IS NOT TRUE", rs_query_match(p->query, P_PARTY, "ANY ($1)"))),
						1, &array_type, &array, NULL, take_party, NULL, p);
}

RsParties *
rs_parties_read(RsHoldings *h, const char *text, const char *argument, const char *bad_rows, bool bound)
{
	RsParties  *p = rs_alloc0(h->budget, 1, sizeof(RsParties), "parties");
	RsContract *contract = rs_alloc0(h->budget, 1, sizeof(RsContract), "parties");
	RsInterner *interner[RS_MAX_INTERNERS] = {[RS_INTERN_ACCOUNT] = rs_holdings_identifiers(h)};

	*contract = (RsContract) {argument, P_COLUMNS, party_column, -1};
	p->h = h;
	p->argument = argument;
	p->query = rs_query_open(text, contract, rs_bad_rows_option(bad_rows), h->budget, interner);
	if (bound && h->ndiscovered < 100000)
	{
		read_about(p, P_PARTY);
		if (rs_query_has(p->query, P_COMPANY))
			read_about(p, P_COMPANY);
	}
	else
		rs_query_read(p->query, take_party, NULL, p);
	p->identities = rs_query_interner(p->query, RS_INTERN_OTHER);
	rs_query_close(p->query);
	return p;
}

const RsParty *
rs_party_of_node(const RsParties *p, uint32 node)
{
	static const RsParty unlisted = {RS_PARTY_UNLISTED, -1, RS_NO_ID, -1, -1, (Datum) 0};
	uint32		id = p->h->id_of[node];

	return id < p->nparties ? &p->party[id] : &unlisted;
}

/* ---- links ---- */

static const struct
{
	const char *name;
	uint32		kind;
}			link_names[] = {
	{"concert", RS_LINK_CONCERT}, {"kin", RS_LINK_KIN}, {"economic", RS_LINK_ECONOMIC},
	{"一致行动", RS_LINK_CONCERT}, {"一致行动人", RS_LINK_CONCERT}, {"亲属", RS_LINK_KIN}, {"近亲属", RS_LINK_KIN},
};

/* What a kind means to this question; RS_NO_ID: nothing, or it is misspelt. */
static uint32
meaning_of(const RsLinks *l, const char *name, uint32 number)
{
	for (int i = 0; i < lengthof(link_names); i++)
		if (pg_strcasecmp(name, link_names[i].name) == 0)
			return link_names[i].kind == RS_LINK_ECONOMIC && l->allowed == RS_LINKS_CONCERT ? RS_NO_ID : link_names[i].kind;
	if (l->allowed != RS_LINKS_ANY)
		return RS_NO_ID;
	for (int i = 0; i < lengthof(link_names); i++)
		if (rs_nearly(name, link_names[i].name))
			return RS_NO_ID;
	return number;
}

/* False: the row is left out. A link that joins nobody would be missed by nobody. */
static bool
read_link_kind(RsLinks *l, const RsRow *row, uint32 *kind)
{
	bool		found;
	uint32		number = rs_intern(l->kinds, row->value[L_KIND].text, &found);
	char	   *name;

	l->meaning = rs_grow(l->h->budget, l->meaning, &l->meaning_capacity, (uint64) number + 1, sizeof(uint32), "links");
	if (!found)
	{
		name = TextDatumGetCString(row->value[L_KIND].text);
		l->meaning[number] = meaning_of(l, name, number);
		pfree(name);
	}
	*kind = l->meaning[number];
	if (*kind != RS_NO_ID)
		return true;
	if (!rs_query_skips(l->query, L_KIND, RS_FAULT_UNKNOWN))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown kind of link \"%s\"", TextDatumGetCString(row->value[L_KIND].text)),
				 errdetail("In row " UINT64_FORMAT " of the %s query.", row->number, l->argument),
				 l->allowed == RS_LINKS_CONCERT ?
				 errhint("Parties act together by concert (or no kind) and kin; leave other links out in the query. " OR_SKIP) :
				 l->allowed == RS_LINKS_GROUPS ?
				 errhint("Groups are joined by concert (or no kind) and kin, and have neighbours by economic; leave other links out in the query. " OR_SKIP) :
				 errhint("Links of the kinds concert (or no kind) and kin are followed, economic is not, any other name counts one step: correct the kind, or rename one that only looks like these. " OR_SKIP)));
	return false;
}

static void
take_link(void *arg, const RsRow *row)
{
	RsLinks    *l = arg;
	uint32		kind = RS_LINK_CONCERT;

	if (!row->isnull[L_KIND] && !read_link_kind(l, row, &kind))
		return;
	if (row->value[L_A].id == row->value[L_B].id || !is_valid(l->h, row, L_VALID_FROM, L_VALID_TO))
		return;
	l->link = rs_grow(l->h->budget, l->link, &l->capacity, l->n + 1, sizeof(RsLink), "links");
	l->link[l->n++] = (RsLink) {rs_holdings_number(l->h, row->value[L_A].id), rs_holdings_number(l->h, row->value[L_B].id), kind};
}

RsLinks *
rs_links_read(RsHoldings *h, const char *text, const char *argument, const char *bad_rows, RsLinkKinds kinds)
{
	RsLinks    *l = rs_alloc0(h->budget, 1, sizeof(RsLinks), "links");
	RsContract *contract = rs_alloc0(h->budget, 1, sizeof(RsContract), "links");
	RsInterner *interner[RS_MAX_INTERNERS] = {[RS_INTERN_ACCOUNT] = rs_holdings_identifiers(h)};

	l->h = h;
	l->argument = argument;
	l->allowed = kinds;
	l->kinds = rs_interner_create(h->budget, TEXTOID, C_COLLATION_OID);
	l->meaning = rs_grow(h->budget, NULL, &l->meaning_capacity, 3, sizeof(uint32), "links");
	/* the first three of link_names are their own numbers */
	for (uint32 k = RS_LINK_CONCERT; k <= RS_LINK_ECONOMIC; k++)
	{
		rs_intern(l->kinds, CStringGetTextDatum(link_names[k].name), NULL);
		l->meaning[k] = meaning_of(l, link_names[k].name, k);
	}
	*contract = (RsContract) {argument, L_COLUMNS, link_column, -1};
	l->query = rs_query_open(text, contract, rs_bad_rows_option(bad_rows), h->budget, interner);
	rs_query_read(l->query, take_link, NULL, l);
	return l;
}

/* Says which rows were skipped; abandoned: not, they will be read again. */
void
rs_links_close(RsLinks *l, bool abandoned)
{
	if (abandoned)
		rs_query_forget_bad_rows(l->query);
	rs_query_close(l->query);
}

/* ---- union-find ---- */

uint32 *
rs_groups_create(MemoryContext budget, uint32 n)
{
	uint32	   *group = rs_alloc(budget, n, sizeof(uint32), "groups");

	for (uint32 i = 0; i < n; i++)
		group[i] = i;
	return group;
}

/* The smallest member stands for its group. */
uint32
rs_group_find(uint32 *group, uint32 node)
{
	while (group[node] != node)
	{
		group[node] = group[group[node]];
		node = group[node];
	}
	return node;
}

void
rs_group_join(uint32 *group, uint32 a, uint32 b)
{
	a = rs_group_find(group, a);
	b = rs_group_find(group, b);
	if (a < b)
		group[b] = a;
	else
		group[a] = b;
}
