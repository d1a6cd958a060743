/*
 * src/flow_group.c
 *	  flow_groups: members that links of any kind put together.
 *
 * Union-find over the interned members, by size, with path halving: near
 * constant time a link. Links are not kept; memory is 8 bytes a member plus
 * the identifiers. Groups are numbered by size, largest first, then by their
 * first member, so the answer depends on neither row order nor locale.
 */
#include "pg_compat.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "query_reader.h"
#include "rs_memory.h"

typedef struct Groups
{
	MemoryContext budget;
	uint32	   *parent;
	uint32	   *size;			/* of a root's group */
	uint64		n,
				parent_capacity,
				size_capacity;
} Groups;

static uint32
root_of(Groups *g, uint32 x)
{
	while (g->parent[x] != x)
	{
		g->parent[x] = g->parent[g->parent[x]];
		x = g->parent[x];
	}
	return x;
}

static void
make_known(Groups *g, uint32 member)
{
	if (member < g->n)
		return;
	g->parent = rs_grow(g->budget, g->parent, &g->parent_capacity, (uint64) member + 1, sizeof(uint32), "groups");
	g->size = rs_grow(g->budget, g->size, &g->size_capacity, (uint64) member + 1, sizeof(uint32), "groups");
	for (; g->n <= member; g->n++)
	{
		g->parent[g->n] = (uint32) g->n;
		g->size[g->n] = 1;
	}
}

static void
join(void *arg, const RsRow *row)
{
	Groups	   *g = arg;
	uint32		a = row->value[RS_L_A].id,
				b = row->value[RS_L_B].id;

	make_known(g, Max(a, b));
	a = root_of(g, a);
	b = root_of(g, b);
	if (a == b)
		return;
	if (g->size[a] < g->size[b])
	{
		uint32		swap = a;

		a = b;
		b = swap;
	}
	g->parent[b] = a;
	g->size[a] += g->size[b];
}

typedef struct Member
{
	uint32		id;
	uint32		rank;			/* in the order of identifiers */
	uint32		size;
	uint32		first;			/* rank of the first member of the group */
} Member;

static inline int
member_compare(const Member *a, const Member *b)
{
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

#define ST_SORT sort_members
#define ST_ELEMENT_TYPE Member
#define ST_COMPARE(a, b) member_compare(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * flow_groups(links text, bad_rows text)
 *	 returns (member text, group_no bigint, size bigint)
 *
 * The connected groups of a links query (columns a, b). A member linked only
 * to itself is a group of one. Errors: the query reader's.
 */
PG_FUNCTION_INFO_V1(rs_flow_groups);
Datum
rs_flow_groups(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	MemoryContext budget,
				row_context,
				old;
	Groups		g = {0};
	RsQuery    *q;
	RsInterner *members;
	uint32	   *rank,
			   *first;
	Member	   *list;
	uint64		group = 0;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen groups", ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	g.budget = budget;
	q = rs_query_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), &rs_links_contract,
					  rs_bad_rows_option(text_to_cstring(PG_GETARG_TEXT_PP(1))), budget, NULL);
	rs_query_read(q, join, NULL, &g);

	members = rs_query_interner(q, RS_INTERN_ACCOUNT);
	rank = rs_interner_ranks(members, budget);
	first = rs_alloc(budget, g.n, sizeof(uint32), "groups");
	list = rs_alloc(budget, g.n, sizeof(Member), "groups");
	memset(first, 0xff, g.n * sizeof(uint32));
	for (uint32 i = 0; i < g.n; i++)
	{
		uint32		root = root_of(&g, i);

		first[root] = Min(first[root], rank[i]);
	}
	for (uint32 i = 0; i < g.n; i++)
	{
		uint32		root = root_of(&g, i);

		list[i] = (Member) {i, rank[i], g.size[root], first[root]};
	}
	sort_members(list, g.n);

	row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(row_context);
	for (uint64 i = 0; i < g.n; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		CHECK_FOR_INTERRUPTS();
		if (i == 0 || list[i].first != list[i - 1].first)
			group++;
		values[0] = rs_interner_text(members, list[i].id);
		values[1] = Int64GetDatum((int64) group);
		values[2] = Int64GetDatum((int64) list[i].size);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		if ((i & 0xff) == 0)
			MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old);
	rs_query_close(q);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
