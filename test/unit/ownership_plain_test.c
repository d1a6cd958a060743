/*
 * test/unit/ownership_plain_test.c
 *	  engines: src/ownership_plain.c src/ownership_graph.c src/ownership_solve.c src/ownership_matrix.c src/rs_memory.c
 *
 * Random registers, most of them without rings and with something unusual now
 * and then: whoever is answered straight from the rows is answered as by the
 * solver, and nobody is whose rows are wrong. Then a hundred thousand holders
 * and a chain of as many.
 */
#include "pg_shim.h"

#include <math.h>

#include "ownership_plain.h"
#include "rs_memory.h"

#define NODES 24

static MemoryContext budget;
static char identifier[(NODES + 1) * 4];	/* only ever fetched ahead */

static int
compare_holdings(const void *pa, const void *pb)
{
	const RsHolding *a = pa,
			   *b = pb;

	if (a->owned != b->owned)
		return a->owned < b->owned ? -1 : 1;
	return (a->owner > b->owner) - (a->owner < b->owner);
}

/* The file that h[0 .. n) would make; each array is as long as it must be and no longer. */
static void
make_file(RsOwnershipFile *f, RsOwnershipHeader *header, RsHolding *h, uint32 n, uint32 nnodes, int scale, bool dated, const char *key)
{
	uint32	   *start = calloc((uint64) nnodes + 1, sizeof(uint32));
	RsOwnershipRow *row = calloc((uint64) n + 1, sizeof(RsOwnershipRow));
	DateADT    *from = calloc((uint64) n + 1, sizeof(DateADT)),
			   *to = calloc((uint64) n + 1, sizeof(DateADT));

	qsort(h, n, sizeof(RsHolding), compare_holdings);
	memset(header, 0, sizeof(*header));
	memset(f, 0, sizeof(*f));
	for (uint32 i = 0; i < n; i++)
	{
		row[i] = (RsOwnershipRow) {.owner = h[i].owner, .known = h[i].known, .class = h[i].class, .share = (int64) h[i].value[RS_V_SHARE]};
		from[i] = h[i].from;
		to[i] = h[i].to;
		start[h[i].owned + 1]++;
	}
	for (uint32 k = 0; k < nnodes; k++)
		start[k + 1] += start[k];
	header->nrows = n;
	header->nnodes = nnodes;
	header->columns = RS_OC_VALUE(RS_V_SHARE) | RS_OC_KIND | (dated ? RS_OC_FROM | RS_OC_TO : 0);
	header->scale[RS_V_SHARE] = scale;
	f->header = header;
	f->in_start = start;
	f->row = row;
	f->from = dated ? from : NULL;
	f->to = dated ? to : NULL;
	f->node.type.kind = RS_KEY_FIXED;
	f->node.key = key;
	if (!dated)
	{
		free(from);
		free(to);
	}
}

static void
free_file(RsOwnershipFile *f)
{
	free((void *) f->in_start);
	free((void *) f->row);
	free((void *) f->from);
	free((void *) f->to);
}

static RsSystem *
make_system(const RsHolding *h, uint32 n, uint32 nnodes, int scale, bool dated, const RsOwnershipOptions *options, RsOwnershipGraph **g)
{
	RsHoldingRows *rows = rs_holding_rows_create(budget);

	rows->has[RS_V_SHARE] = rows->has_kind = true;
	rows->has_dates = dated;
	rows->scale[RS_V_SHARE] = scale;
	for (uint32 i = 0; i < n; i++)
		rs_holding_rows_add(rows, &h[i]);
	*g = rs_ownership_build(rows, nnodes, NULL, options);
	return rs_system_create(*g, RS_BASIS_SHARE, false);
}

/* NULL, or how the two answers differ. */
static const char *
compare(const RsPlainOwners *p, const RsStakes *s, const RsOwnershipGraph *g, uint32 target)
{
	int128		known = 0;

	for (uint32 e = g->in_start[target]; e < g->in_start[target + 1]; e++)
		known += g->value[RS_V_SHARE][e];
	if (p->held != (g->in_start[target] < g->in_start[target + 1]) || p->known != known)
		return "who holds the target";
	if (p->n != s->n)
		return "number of owners";
	if (s->has_closed || s->over || s->unknown_flags || fabsl(p->unknown - s->unknown) > 1e-16L || (p->unknown > 0) != (s->unknown > 0))
		return "unknown";
	for (uint64 i = 0; i < s->n; i++)
	{
		const RsStake *stake = &s->stake[i];
		const RsPlainParty *party = NULL;

		for (uint32 k = 0; k < p->n; k++)
			if (p->party[k].node == stake->node)
				party = &p->party[k];
		if (party == NULL)
			return "an owner is missing";
		if (party->layers != stake->layers || party->ultimate != stake->ultimate)
			return "layers, ultimate";
		if (party->flags != stake->flags || stake->in_cycle)
			return "flags";
		if (party->direct != (stake->direct_edge == RS_NO_EDGE ? 0 : g->value[RS_V_SHARE][stake->direct_edge]))
			return "direct";
		if (fabsl(party->total - stake->total) > 1e-16L || stake->net != stake->total)
			return "total";
	}
	return NULL;
}

static uint32
draw(RsHolding *h, int scale, bool dated, uint32 odd)
{
	int64		one = scale == 18 ? INT64CONST(1000000000000000000) : 100;
	uint32		n = 0;

	for (uint32 owned = 1; owned < NODES; owned++)
	{
		int64		left = one;

		for (uint32 k = shim_random() % 4; k > 0 && left > 0; k--)
		{
			RsHolding	r = {.owner = shim_random() % owned, .owned = owned, .known = 1 << RS_V_SHARE, .from = DATEVAL_NOBEGIN, .to = DATEVAL_NOEND};

			r.kind = shim_random() % 3;
			r.value[RS_V_SHARE] = shim_random() % 5 == 0 ? left : 1 + (int64) (shim_random() % (uint64) left);
			left -= (int64) r.value[RS_V_SHARE];
			if (dated && shim_random() % 4 == 0)
				r.from = (DateADT) (shim_random() % 3);
			if (dated && shim_random() % 4 == 0)
				r.to = (DateADT) (shim_random() % 3);
			if (shim_random() % 100 < odd)
				switch (shim_random() % 8)
				{
					case 0:
						r.value[RS_V_SHARE] = 0;
						break;
					case 1:
						r.known = 0;
						r.value[RS_V_SHARE] = 0;
						break;
					case 2:
						r.value[RS_V_SHARE] = one;
						break;
					case 3:
						r.owner = owned;
						break;
					case 4:
						r.owner = shim_random() % NODES;	/* a ring, perhaps */
						break;
					default:
						r.class = (RsHoldingClass) (shim_random() % 5);
						r.kind = 3 + r.class;
				}
			h[n++] = r;
			if (shim_random() % 100 < odd)
				h[n++] = r;
		}
	}
	return n;
}

static void
random_registers(int scale, bool dated, uint32 odd)
{
	RsHolding	h[NODES * 8];
	const char *wrong = NULL;
	int			answered = 0,
				refused = 0;

	for (int round = 0; round < 1500 && wrong == NULL; round++)
	{
		RsOwnershipOptions options = {.dated = dated, .as_of = 1, .known_at = DT_NOEND, .classes = RS_CLASSES_EQUITY};
		RsOwnershipFile f;
		RsOwnershipHeader header;
		RsOwnershipGraph *g;
		RsStakes	stakes = {0};
		RsPlain    *plain;
		RsSystem   *s;
		uint32		n = draw(h, scale, dated, odd);

		budget = AllocSetContextCreate(TopMemoryContext, "test", ALLOCSET_DEFAULT_SIZES);
		make_file(&f, &header, h, n, NODES, scale, dated, identifier);
		s = make_system(h, n, NODES, scale, dated, &options, &g);
		plain = rs_plain_create(budget, &f, &options);
		for (uint32 target = 0; target < NODES && wrong == NULL; target++)
		{
			RsPlainOwners owners;

			if (!rs_plain_solve(plain, target, &owners))
			{
				refused++;
				continue;
			}
			answered++;
			rs_system_solve(s, target, false, &stakes);
			wrong = compare(&owners, &stakes, g, target);
		}
		free_file(&f);
		MemoryContextDelete(budget);
	}
	tap_ok(wrong == NULL && answered > 10000 && refused > (odd > 0 ? 4000 : 100), "scale %d%s, %u %% odd: %d answered as by the solver, %d left to it%s%s",
		   scale, dated ? ", dated" : "", odd, answered, refused, wrong ? ": " : "", wrong ? wrong : "");
}

/* n holders of one company, or a chain of n, each of which holds all of the next. */
static void
many(uint32 n, bool chain)
{
	RsOwnershipOptions options = {.known_at = DT_NOEND, .classes = RS_CLASSES_EQUITY};
	RsHolding  *h = calloc(n, sizeof(RsHolding));
	char	   *key = calloc(n + 2, 4);
	RsOwnershipFile f;
	RsOwnershipHeader header;
	RsPlainOwners owners;
	RsReal		sum = 0;
	uint32		last = 0;
	bool		solved;

	for (uint32 i = 0; i < n; i++)
	{
		h[i] = (RsHolding) {.owner = i + 1, .owned = chain ? i : 0, .known = 1 << RS_V_SHARE};
		h[i].value[RS_V_SHARE] = chain ? 100000 : 1;
	}
	budget = AllocSetContextCreate(TopMemoryContext, "test", ALLOCSET_DEFAULT_SIZES);
	make_file(&f, &header, h, n, n + 1, 5, false, key);
	solved = rs_plain_solve(rs_plain_create(budget, &f, &options), 0, &owners);
	for (uint32 i = 0; solved && i < owners.n; i++)
	{
		if (owners.party[i].ultimate)
			sum += owners.party[i].total;
		last = Max(last, owners.party[i].layers);
	}
	tap_ok(solved && owners.n == n && fabsl(sum - 1) < 1e-12L && owners.unknown == 0 && last == (chain ? n : 1),
		   "%u %s", n, chain ? "companies above each other" : "holders");
	free_file(&f);
	free(h);
	free(key);
	MemoryContextDelete(budget);
}

int
main(void)
{
	shim_init();
	shim_srandom(20261122);
	rs_max_memory_kb = 1024 * 1024;
	for (int i = 0; i < 8; i++)
		random_registers(i & 1 ? 18 : 2, (i & 2) != 0, i & 4 ? 3 : 0);
	many(100000, false);
	many(100000, true);
	return tap_done();
}
