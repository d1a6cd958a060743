/*
 * test/unit/flow_graph_test.c
 *	  engines: src/flow_graph_file.c src/flow_graph_write.c src/flow_graph_build.c src/flow_graph_sort.c src/flow_graph_append.c src/flow_graph_pool.c src/rs_memory.c
 *
 * Random transfers are built into files in memory and compared with a sorted
 * copy of the same rows; days are appended and compared with a build of all;
 * files are damaged byte by byte.
 */
#include "pg_shim.h"

#include "flow_graph_file.h"
#include "rs_memory.h"

typedef struct Transfer
{
	TimestampTz time;
	int128		amount;
	uint32		payer,
				payee;
	int64		txn;
	char		text[24];
} Transfer;

typedef struct Image
{
	char	   *data;
	uint64		size;
	char	   *spill;
	uint64		spill_size;
	bool		duplicate;
} Image;

static MemoryContext budget;
static MemoryContext beside;	/* the test's own memory, not counted */
static const RsGraphIdentity identity = {1, 2, 15, 4, 5};
static bool text_keys;
static int	mode;

static void
put(char **data, uint64 *size, const void *from, Size length, uint64 offset)
{
	if (offset + length > *size)
	{
		*data = realloc(*data, offset + length);
		memset(*data + *size, 0xee, offset + length - *size);
		*size = offset + length;
	}
	memcpy(*data + offset, from, length);
}

static void
image_write(void *arg, const void *data, Size length, uint64 offset)
{
	Image	   *i = arg;

	put(&i->data, &i->size, data, length, offset);
}

static void
image_spill_write(void *arg, const void *data, Size length, uint64 offset)
{
	Image	   *i = arg;

	put(&i->spill, &i->spill_size, data, length, offset);
}

static void
image_spill_read(void *arg, void *data, Size length, uint64 offset)
{
	memcpy(data, ((Image *) arg)->spill + offset, length);
}

static void
image_duplicate(void *arg, const RsKey *txn)
{
	((Image *) arg)->duplicate = true;
	ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION), errmsg("duplicate transaction id")));
}

static RsGraphHost
host_of(Image *i)
{
	RsGraphHost h = {i, image_write, image_spill_write, image_spill_read, image_duplicate};

	return h;
}

/* Account number i is called 7 * i - 50, or by a text that sorts otherwise. */
static void
account_key(void *arg, uint32 number, RsKey *key)
{
	static char name[64][32];
	static int	turn;
	uint32		a = ((const uint32 *) arg)[number];

	key->integer = (int64) a * 7 - 50;
	key->bytes = name[turn];
	key->length = snprintf(name[turn], 32, "acct %u/%u", a % 13, a);
	turn = (turn + 1) % 64;
	if (text_keys)
		key->integer = 0;
	else
	{
		key->bytes = NULL;
		key->length = 0;
	}
}

static RsKey
key_of(uint32 account)
{
	RsKey		k;

	account_key(&account, 0, &k);
	return k;
}

static RsKey
txn_key(const Transfer *t)
{
	RsKey		k = {0};

	if (text_keys)
	{
		k.bytes = t->text;
		k.length = strlen(t->text);
	}
	else
		k.integer = t->txn;
	return k;
}

static const RsKeyType *
key_type(void)
{
	static RsKeyType type;

	type.kind = text_keys ? RS_KEY_BYTES : RS_KEY_INT;
	return &type;
}

static uint32 *sort_what;

static int
by_key(const void *a, const void *b)
{
	RsKey		x,
				y;

	account_key(sort_what, *(const uint32 *) a, &x);
	account_key(sort_what, *(const uint32 *) b, &y);
	return rs_key_compare(key_type(), &x, &y);
}

/* Build rows[0 .. n), continuing `older` if given (then `final` numbers are taken over). */
static bool
build(const Transfer *row, uint32 n, const RsGraph *older, Image *image, uint32 **names_out,
	  RsGraphAccounts *accounts)
{
	RsGraphHost host = host_of(image);
	RsGraphBuilder *b = rs_graph_builder_create(budget, &host, *key_type(), 25, 2);
	uint32	   *names = MemoryContextAllocZero(beside, (2 * n + 1) * sizeof(uint32));
	uint32	   *sorted = MemoryContextAllocZero(beside, (2 * n + 1) * sizeof(uint32));
	uint32	   *rank = MemoryContextAllocZero(beside, (2 * n + 1) * sizeof(uint32));
	uint32		seen[4096];
	uint32		count = 0;
	RsGraphHeader header;

	memset(seen, 0xff, sizeof(seen));
	if (older)
		rs_graph_builder_continue(b, older);
	for (uint32 i = 0; i < n; i++)
	{
		RsKey		txn = txn_key(&row[i]);

		for (int side = 0; side < 2; side++)
		{
			uint32		a = side ? row[i].payee : row[i].payer;

			if (seen[a] == UINT32_MAX)
			{
				seen[a] = count;
				names[count++] = a;
			}
		}
		rs_graph_builder_add(b, row[i].time, row[i].amount, seen[row[i].payer], seen[row[i].payee], &txn);
	}
	if (older && !rs_graph_builder_fits(b, older))
		return false;
	sort_what = names;
	for (uint32 i = 0; i < count; i++)
		sorted[i] = i;
	qsort(sorted, count, sizeof(uint32), by_key);
	accounts->total = older ? older->header->naccounts : 0;
	for (uint32 i = 0; i < count; i++)
	{
		RsKey		k = key_of(names[sorted[i]]);
		uint32		known = older ? rs_graph_find_account(older, &k) : RS_NO_ID;

		rank[sorted[i]] = known != RS_NO_ID ? known : accounts->total++;
	}
	accounts->count = count;
	accounts->type = *key_type();
	accounts->oid = 20;
	accounts->get = account_key;
	accounts->arg = names;
	accounts->rank = rank;
	*names_out = names;
	rs_graph_builder_finish(b, accounts, 2, &identity, &header);
	return true;
}

static int
by_group(const void *a, const void *b)
{
	const Transfer *x = a,
			   *y = b;
	RsKey		p = key_of(x->payer),
				q = key_of(y->payer);
	int			c = rs_key_compare(key_type(), &p, &q);

	if (c == 0)
		c = (x->time > y->time) - (x->time < y->time);
	if (c == 0)
	{
		p = txn_key(x);
		q = txn_key(y);
		c = rs_key_compare(key_type(), &p, &q);
	}
	return c;
}

static TimestampTz
time_of(const RsGraph *g, uint32 code)
{
	return g->time ? g->time[code] : g->header->time_base + (int64) code * g->header->time_unit;
}

static bool
same_key(const RsGraph *g, uint32 account, uint32 name)
{
	RsKey		a = rs_key_get(&g->account, account),
				b = key_of(name);

	return rs_key_compare(key_type(), &a, &b) == 0;
}

/* Every array of the file against the sorted rows; NULL or what is wrong. */
static const char *
compare(const RsGraph *g, Transfer *row, uint32 n)
{
	uint32		t = 0;
	uint8	   *hit = calloc(1, n + 1);
	const char *wrong = NULL;

	qsort(row, n, sizeof(Transfer), by_group);
	if (g->header->ntransfers != n)
		return "count";
	for (uint32 i = 0; i < g->header->naccounts && !wrong; i++)
	{
		uint32		a = g->account_order ? g->account_order[i] : i;

		for (uint32 p = g->side[RS_FLOW_OUT].start[a]; p < g->side[RS_FLOW_OUT].start[a + 1] && !wrong; p++, t++)
		{
			RsArc		arc = g->side[RS_FLOW_OUT].arc[p];
			RsKey		txn = rs_key_get(&g->txn, p),
						want = txn_key(&row[t]);
			int128		amount = g->wide ? g->wide[p] : g->amount[p];

			if (!same_key(g, a, row[t].payer) || !same_key(g, arc.peer, row[t].payee))
				wrong = "accounts of an arc";
			else if (time_of(g, arc.when) != row[t].time)
				wrong = "time of an arc";
			else if (amount != row[t].amount)
				wrong = "amount";
			else if (rs_key_compare(key_type(), &txn, &want) != 0)
				wrong = "transaction id";
		}
	}
	if (!wrong && t != n)
		wrong = "transfers missing";
	for (uint32 a = 0; a < g->header->naccounts && !wrong; a++)
	{
		const RsFlowSide *in = &g->side[RS_FLOW_IN];

		for (uint32 p = in->start[a]; p < in->start[a + 1] && !wrong; p++)
		{
			uint32		number = in->transfer[p];
			RsArc		out = g->side[RS_FLOW_OUT].arc[number];
			uint32		payer = in->arc[p].peer;

			if (hit[number]++ || out.peer != a || out.when != in->arc[p].when ||
				number < g->side[RS_FLOW_OUT].start[payer] || number >= g->side[RS_FLOW_OUT].start[payer + 1])
				wrong = "an incoming arc";
			if (p > in->start[a])
			{
				RsKey		x = rs_key_get(&g->txn, in->transfer[p - 1]),
							y = rs_key_get(&g->txn, number);

				if (in->arc[p - 1].when > in->arc[p].when ||
					(in->arc[p - 1].when == in->arc[p].when && rs_key_compare(key_type(), &x, &y) >= 0))
					wrong = "order of incoming arcs";
			}
		}
	}
	for (uint32 i = 0; i < g->header->naccounts && !wrong; i++)
	{
		RsKey		k = rs_key_get(&g->account, i);

		if (rs_graph_find_account(g, &k) != i)
			wrong = "look-up of an account";
	}
	free(hit);
	return wrong;
}

static void
make_rows(Transfer *row, uint32 n, uint32 accounts, TimestampTz from, int64 txn_from)
{
	for (uint32 i = 0; i < n; i++)
	{
		Transfer   *t = &row[i];

		t->payer = shim_random() % accounts;
		if (shim_random() % 3 == 0)
			t->payer = 0;		/* a hub */
		t->payee = shim_random() % 10 == 0 ? t->payer : shim_random() % accounts;
		t->amount = shim_random() % 100000;
		if (mode == 2)
			t->amount = t->amount * 1000000007 * 1000000007 * 1000;
		t->time = from + (int64) (shim_random() % 50) * 1000000;
		if (mode == 1)			/* no unit, too long for 32 bits */
			t->time = from + (int64) (shim_random() % 40) * INT64CONST(86400000003) + (int64) (shim_random() % 3);
		t->txn = txn_from + (mode == 3 ? (int64) i : 0);
		if (mode != 3)
			t->txn = txn_from + (int64) ((i * 7919u) % 100003);	/* distinct, in no order */
		if (mode == 4)
			t->txn *= INT64CONST(1000003000017);
		snprintf(t->text, sizeof(t->text), "T%lld", (long long) t->txn);
	}
}

static void
attach(RsGraph *g, Image *image)
{
	const char *problem = "";

	if (!rs_graph_attach(g, image->data, image->size, &identity, &problem) ||
		!rs_graph_verify(g, &problem))
	{
		tap_ok(false, "attaching: %s", problem);
		exit(1);
	}
}

static void
free_image(Image *i)
{
	free(i->data);
	free(i->spill);
	memset(i, 0, sizeof(*i));
}

static void
build_twice(void *arg)
{
	Transfer	row[3] = {0};
	Image	   *image = arg;
	uint32	   *names;
	RsGraphAccounts accounts;

	for (int i = 0; i < 3; i++)
	{
		row[i].payee = 1;
		row[i].txn = mode == 4 ? (i == 1 ? INT64CONST(1) << 60 : 77) : (i == 1 ? 5 : 77);
		snprintf(row[i].text, sizeof(row[i].text), "T%lld", (long long) row[i].txn);
	}
	build(row, 3, NULL, image, &names, &accounts);
}

int
main(void)
{
	Transfer   *row = calloc(60000, sizeof(Transfer));
	int			rounds = getenv("RS_LONG") && strcmp(getenv("RS_LONG"), "1") == 0 ? 2000 : 150;
	long		spilled = 0;

	shim_init();
	shim_srandom(20261122);
	beside = AllocSetContextCreate(TopMemoryContext, "beside", ALLOCSET_DEFAULT_SIZES);
	rs_max_memory_kb = 1024 * 1024;

	for (text_keys = false;; text_keys = true)
	{
		for (mode = 0; mode < 5; mode++)
		{
			const char *wrong = NULL;
			int			appended = 0;

			for (int r = 0; r < rounds && !wrong; r++)
			{
				uint32		n = shim_random() % 60 + (r % 50 == 0 ? 2000 : 0);
				uint32		m = 1 + shim_random() % 20;
				uint32		accounts = 1 + shim_random() % 30 + (r % 50 == 0 ? 900 : 0);
				Image		image = {0},
							day = {0},
							sum = {0};
				RsGraph		g,
							d,
							s;
				uint32	   *names;
				RsGraphAccounts acc;

				budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
				CurrentMemoryContext = budget;
				make_rows(row, n, accounts, 1000000, 100);
				build(row, n, NULL, &image, &names, &acc);
				attach(&g, &image);
				wrong = compare(&g, row, n);
				if (!wrong && n > 0)
				{
					RsGraphHost host = host_of(&sum);
					RsGraphHeader header;
					Image		all = {0};
					RsGraph		a;

					make_rows(row + n, m, accounts + 5, g.header->last_at + 1000000, 200000);
					if (build(row + n, m, &g, &day, &names, &acc))
					{
						appended++;
						attach(&d, &day);
						rs_graph_append(budget, &host, &g, &d, &acc, &identity, &header);
						attach(&s, &sum);
						wrong = compare(&s, row, n + m);
						build(row, n + m, NULL, &all, &names, &acc);
						attach(&a, &all);
						if (!wrong && memcmp(a.header->fingerprint, s.header->fingerprint, 16) != 0)
							wrong = "fingerprint after appending";
						free_image(&all);
					}
				}
				free_image(&image);
				free_image(&day);
				free_image(&sum);
				MemoryContextDelete(budget);
				MemoryContextReset(beside);
			}
			tap_ok(wrong == NULL && appended > rounds / 2, "%s identifiers, variant %d: %d random graphs and %d appended days equal the sorted rows%s%s",
				   text_keys ? "text" : "integer", mode, rounds, appended, wrong ? ": " : "", wrong ? wrong : "");
		}

		/* little memory: lists spill, the file is the same byte for byte */
		{
			Image		much = {0},
						little = {0};
			uint32	   *names;
			RsGraphAccounts acc;

			mode = 4;
			make_rows(row, 60000, 3000, 5, 1);
			budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
			CurrentMemoryContext = budget;
			build(row, 60000, NULL, &much, &names, &acc);
			MemoryContextDelete(budget);
			MemoryContextReset(beside);
			budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
			CurrentMemoryContext = budget;
			rs_max_memory_kb = text_keys ? 6 * 1024 : 4 * 1024;
			/* the other way round: physical order must not matter either */
			for (uint32 i = 0; i < 30000; i++)
			{
				Transfer	t = row[i];

				row[i] = row[59999 - i];
				row[59999 - i] = t;
			}
			build(row, 60000, NULL, &little, &names, &acc);
			rs_max_memory_kb = 1024 * 1024;
			spilled += little.spill_size;
			tap_ok(much.spill_size == 0 && little.spill_size > 0, "little memory spills (%ld kB)",
				   (long) little.spill_size / 1024);
			tap_ok(much.size == little.size && memcmp(much.data, little.data, much.size) == 0,
				   "the file is the same, whatever the memory and the order of the rows");
			MemoryContextDelete(budget);
			MemoryContextReset(beside);

			/* damage */
			{
				RsGraph		g;
				const char *problem;
				int			missed = 0;
				RsGraphIdentity other = identity;

				for (int i = 0; i < 300; i++)
				{
					uint64		at = i < 100 ? shim_random() % sizeof(RsGraphHeader) : shim_random() % much.size;
					bool		padding = at >= sizeof(RsGraphHeader);
					char		old = much.data[at];

					attach(&g, &little);
					for (int s = 0; s < RS_GS_SECTIONS; s++)
						if (at >= g.header->section[s].offset &&
							at < g.header->section[s].offset + g.header->section[s].length)
							padding = false;
					much.data[at] ^= 1 << (shim_random() % 8);
					if (!padding && rs_graph_attach(&g, much.data, much.size, &identity, &problem) &&
						rs_graph_verify(&g, &problem))
						missed++;
					much.data[at] = old;
				}
				tap_ok(missed == 0, "every flipped bit is found");
				for (uint64 size = 0; size < much.size; size += 1 + much.size / 97)
				{
					char	   *cut = malloc(size ? size : 1);

					memcpy(cut, much.data, size);
					missed += rs_graph_attach(&g, cut, size, &identity, &problem);
					free(cut);
				}
				tap_ok(missed == 0, "every truncated file is refused");
				other.database++;
				tap_ok(!rs_graph_attach(&g, much.data, much.size, &other, &problem), "another database's file is refused: %s", problem);
			}
			free_image(&much);
			free_image(&little);
		}
		for (mode = 3; mode < 5; mode++)
		{
			Image		image = {0};

			budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
			CurrentMemoryContext = budget;
			tap_ok(shim_catches(build_twice, &image) && shim_sqlstate == ERRCODE_UNIQUE_VIOLATION,
				   "a duplicate transaction id is an error: %s", shim_message);
			CurrentMemoryContext = TopMemoryContext;
			free_image(&image);
			MemoryContextDelete(budget);
			MemoryContextReset(beside);
		}
		if (text_keys)
			break;
	}
	free(row);
	return tap_done();
}
