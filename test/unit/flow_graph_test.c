/*
 * test/unit/flow_graph_test.c
 *	  engines: src/flow_graph_file.c src/flow_graph_write.c src/flow_graph_column.c src/flow_graph_build.c src/flow_graph_sort.c src/flow_graph_merge.c src/flow_graph_pool.c src/flow_parts.c src/graph_stream.c src/graph_keys.c src/rs_memory.c
 *
 * Random transfers are built into files in memory and compared with a sorted
 * copy of the same rows; days are added, in parts that are merged and read as
 * one, and compared with a build of all; files are damaged byte by byte.
 */
#include "pg_shim.h"

#include "port/pg_crc32c.h"

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

/* A graph of several files, and the range of addresses where they lie as one. */
typedef struct Several
{
	Image		image[RS_FLOW_MAX_PARTS + 1];
	RsGraph		graph;
	char	   *range;
	uint64		range_size;
	RsFlow		flow;
	RsFlowParts parts;
} Several;

static MemoryContext budget;
static MemoryContext beside;	/* the test's own memory, not counted */
static RsGraphIdentity identity = {1, 2, 15, 4, 5};
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

static int
by_number(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return (x > y) - (x < y);
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
		rs_graph_builder_add(b, row[i].time, row[i].amount, seen[row[i].payer], seen[row[i].payee], &txn, NULL);
	}
	if (older && !rs_graph_builder_fits(b, older))
		return false;
	sort_what = names;
	for (uint32 i = 0; i < count; i++)
		sorted[i] = i;
	qsort(sorted, count, sizeof(uint32), by_key);
	accounts->total = older ? older->naccounts : 0;
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
	accounts->member = NULL;
	if (older)
	{
		uint32	   *member = MemoryContextAllocZero(beside, (2 * n + 1) * sizeof(uint32));

		memcpy(member, rank, count * sizeof(uint32));
		qsort(member, count, sizeof(uint32), by_number);
		for (uint32 i = 0; i < count; i++)
			rank[i] = (uint32) ((uint32 *) bsearch(&rank[i], member, count, sizeof(uint32), by_number) - member);
		accounts->member = member;
	}
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
	return g->time ? g->time[code] : g->time_base + (int64) code * g->time_unit;
}

static bool
same_key(const RsGraph *g, uint32 account, uint32 name)
{
	RsKey		a = rs_graph_account(g, account),
				b = key_of(name);

	return rs_key_compare(key_type(), &a, &b) == 0;
}

static void
no_room_needed(void *arg, int side, uint32 room)
{
	if (room > ((Several *) arg)->graph.room)
		abort();
}

/* Read the parts as one; of one part the arrays are where they are. */
static void
open_several(Several *m)
{
	RsGraphPiece piece[RS_GRAPH_MAX_PIECES];
	RsGraphRoom room;
	int			n;
	RsGraph    *g = &m->graph;

	free(m->range);
	m->range = NULL;
	memset(&m->flow, 0, sizeof(m->flow));
	if (g->nparts > 1)
	{
		m->range_size = rs_graph_plan(g, piece, &n, &room);
		if (posix_memalign((void **) &m->range, RS_GRAPH_ALIGN, m->range_size) != 0)
			abort();
		memset(m->range, 0xdd, m->range_size);
		for (int i = 0; i < n; i++)
		{
			if (piece[i].offset % RS_GRAPH_ALIGN || piece[i].at % RS_GRAPH_ALIGN ||
				piece[i].at + piece[i].length > m->range_size)
				abort();
			memcpy(m->range + piece[i].at, g->part[piece[i].part].base + piece[i].offset, piece[i].length);
		}
		rs_graph_stitch(g, m->range);
	}
	memcpy(m->flow.side, g->side, sizeof(g->side));
	m->flow.naccounts = g->naccounts;
	m->flow.ntransfers = g->ntransfers;
	m->flow.amount = g->amount;
	m->flow.wide = g->wide;
	if (g->nparts > 1)
	{
		m->parts = (RsFlowParts) {.nparts = g->nparts, .part = g->piece, .naccounts = g->naccounts,
			.budget = budget, .make_room = no_room_needed, .arg = m};
		for (int s = 0; s < 2; s++)
		{
			m->parts.join[s].first = g->room;
			m->parts.join[s].arc = (RsArc *) (m->range + room.arc[s]) - g->room;
			m->parts.join[s].transfer = (uint32 *) (m->range + room.transfer[s]) - g->room;
		}
		rs_flow_parts_begin(&m->parts, &m->flow);
	}
}

static const RsGraph *sort_graph;

static int
by_account_key(const void *a, const void *b)
{
	RsKey		x = rs_graph_account(sort_graph, *(const uint32 *) a),
				y = rs_graph_account(sort_graph, *(const uint32 *) b);

	return rs_key_compare(key_type(), &x, &y);
}

/* Every array of the graph against the sorted rows; NULL or what is wrong. */
static const char *
compare(Several *m, Transfer *row, uint32 n)
{
	const RsGraph *g = &m->graph;
	const RsFlow *flow = &m->flow;
	const RsFlowSide *out = &flow->side[RS_FLOW_OUT],
			   *in = &flow->side[RS_FLOW_IN];
	uint32		t = 0;
	uint8	   *hit = calloc(1, n + 1);
	uint32	   *account = calloc(g->naccounts + 1, sizeof(uint32));
	const char *wrong = NULL;

	qsort(row, n, sizeof(Transfer), by_group);
	for (uint32 a = 0; a < g->naccounts; a++)
		account[a] = a;
	sort_graph = g;
	qsort(account, g->naccounts, sizeof(uint32), by_account_key);
	if (g->ntransfers != n)
		wrong = "count";
	for (uint32 i = 0; i < g->naccounts && !wrong; i++)
	{
		uint32		first,
					end;

		rs_flow_group(out, account[i], &first, &end);
		for (uint32 p = first; p < end && !wrong; p++, t++)
		{
			RsArc		arc = out->arc[p];
			uint32		number = rs_flow_transfer(out, p);
			RsKey		txn,
						want = txn_key(&row[t]);

			if (number >= n || t >= n || memcmp(&out->arc[number], &arc, sizeof(arc)) != 0)
			{
				wrong = "number of a transfer";
				break;
			}
			txn = rs_graph_txn(g, number);
			if (!same_key(g, account[i], row[t].payer) || !same_key(g, arc.peer, row[t].payee))
				wrong = "accounts of an arc";
			else if (rs_flow_payer(flow, number) != account[i])
				wrong = "payer of a transfer";
			else if (time_of(g, arc.when) != row[t].time)
				wrong = "time of an arc";
			else if (rs_flow_amount(flow, number) != row[t].amount)
				wrong = "amount";
			else if (rs_key_compare(key_type(), &txn, &want) != 0)
				wrong = "transaction id";
		}
	}
	if (!wrong && t != n)
		wrong = "transfers missing";
	for (uint32 a = 0; a < g->naccounts && !wrong; a++)
	{
		uint32		first,
					end;

		rs_flow_group(in, a, &first, &end);
		for (uint32 p = first; p < end && !wrong; p++)
		{
			uint32		number = rs_flow_transfer(in, p);
			RsArc		arc = out->arc[number];

			if (hit[number]++ || arc.peer != a || arc.when != in->arc[p].when ||
				rs_flow_payer(flow, number) != in->arc[p].peer)
				wrong = "an incoming arc";
			if (p > first)
			{
				RsKey		x = rs_graph_txn(g, rs_flow_transfer(in, p - 1)),
							y = rs_graph_txn(g, number);

				if (in->arc[p - 1].when > in->arc[p].when ||
					(in->arc[p - 1].when == in->arc[p].when && rs_key_compare(key_type(), &x, &y) >= 0))
					wrong = "order of incoming arcs";
			}
		}
	}
	for (uint32 i = 0; i < g->naccounts && !wrong; i++)
	{
		RsKey		k = rs_graph_account(g, i);

		if (rs_graph_find_account(g, &k) != i)
			wrong = "look-up of an account";
	}
	for (uint32 name = 0; name < 4096 && !wrong; name += 37)
	{
		RsKey		k = key_of(name);
		uint32		found = rs_graph_find_account(g, &k);

		if (found != RS_NO_ID && !same_key(g, found, name))
			wrong = "look-up of an account that is not there";
	}
	free(account);
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
attach(RsGraphPart *part, Image *image)
{
	const char *problem = "";
	RsGraphIdentity expected = identity;

	if (image->size >= sizeof(RsGraphHeader))
		expected.file = ((RsGraphHeader *) image->data)->identity.file;
	if (!rs_graph_part_attach(part, image->data, image->size, &expected, &problem) ||
		!rs_graph_part_verify(part, &problem))
	{
		tap_ok(false, "attaching: %s", problem);
		exit(1);
	}
}

static void
assemble(Several *m, int n)
{
	const char *problem = "";

	for (int i = 0; i < n; i++)
		attach(&m->graph.part[i], &m->image[i]);
	if (!rs_graph_assemble(&m->graph, n, &problem))
	{
		tap_ok(false, "assembling: %s", problem);
		exit(1);
	}
	open_several(m);
}

static void
free_image(Image *i)
{
	free(i->data);
	free(i->spill);
	memset(i, 0, sizeof(*i));
}

static void
free_several(Several *m)
{
	for (int i = 0; i <= RS_FLOW_MAX_PARTS; i++)
		free_image(&m->image[i]);
	free(m->range);
	memset(m, 0, sizeof(*m));
}

/* Add rows to a graph; false if they do not fit its codes. */
static bool
add_day(Several *m, const Transfer *row, uint32 n, int max_parts)
{
	Image		day = {0},
				sum = {0};
	RsGraphHost host = host_of(&sum);
	RsGraphHeader header;
	RsGraphAccounts accounts;
	RsGraphPart newer;
	uint32	   *names;
	int			keep;

	if (!build(row, n, &m->graph, &day, &names, &accounts))
		return false;
	attach(&newer, &day);
	keep = rs_graph_parts_to_keep(&m->graph, n, max_parts);
	identity.file++;
	rs_graph_merge(budget, &host, &m->graph, keep, &newer, &accounts, &identity, &header);
	for (int i = keep; i < m->graph.nparts; i++)
		free_image(&m->image[i]);
	m->image[keep] = sum;
	free_image(&day);
	assemble(m, keep + 1);
	return true;
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
	int			rounds = getenv("RS_LONG") && strcmp(getenv("RS_LONG"), "1") == 0 ? 1000 : 50;
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
			int			appended = 0,
						refused = 0,
						most = 0;

			for (int r = 0; r < rounds && !wrong; r++)
			{
				uint32		n = shim_random() % 60 + (r % 50 == 0 ? 2000 : 0);
				uint32		accounts = 1 + shim_random() % 30 + (r % 50 == 0 ? 900 : 0);
				int			max_parts = 1 + (int) (shim_random() % RS_FLOW_MAX_PARTS);
				int			days = r % 10 == 0 ? 20 : (int) (shim_random() % 6);
				Several		m = {{{0}}};
				uint32	   *names;
				RsGraphAccounts acc;

				budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
				CurrentMemoryContext = budget;
				make_rows(row, n, accounts, 1000000, 100);
				build(row, n, NULL, &m.image[0], &names, &acc);
				assemble(&m, 1);
				wrong = compare(&m, row, n);
				for (int d = 0; d < days && !wrong && n > 0; d++)
				{
					/* single rows, days, and now and then more than there was */
					uint32		more = 1 + shim_random() % (d % 7 == 3 ? n : d % 3 == 0 ? 1 : 20);

					make_rows(row + n, more, Min(accounts + 5 * (d + 1), 4000), m.graph.last_at + 1000000,
							  200000 * INT64CONST(1) * (d + 1));
					if (!add_day(&m, row + n, more, max_parts))
					{
						refused++;
						break;
					}
					n += more;
					appended++;
					most = Max(most, m.graph.nparts);
					if (m.graph.nparts > max_parts)
						wrong = "number of parts";
					for (int i = 0, size = 0; i < m.graph.nparts && !wrong && max_parts == RS_FLOW_MAX_PARTS; i++)
					{
						int			at = m.graph.nparts - 1 - i;

						if (i > 0 && m.graph.part[at].header->ntransfers <= (uint32) size)
							wrong = "a part that is no larger than the later ones";
						size += m.graph.part[at].header->ntransfers;
					}
					if (!wrong)
						wrong = compare(&m, row, n);
				}
				if (!wrong && n > 0)
				{
					Image		all = {0};
					RsGraphPart a;

					build(row, n, NULL, &all, &names, &acc);
					attach(&a, &all);
					if (memcmp(a.header->fingerprint, m.graph.fingerprint, 16) != 0)
						wrong = "fingerprint of the parts";
					for (int i = 0; i < 3 && !wrong; i++)
					{
						RsFingerprint x,
									y = {0};
						TimestampTz from = row[shim_random() % n].time;

						rs_graph_fingerprint(&m.graph, from, &x);
						for (uint32 t = 0; t < n; t++)
						{
							RsKey		p = key_of(row[t].payer),
										q = key_of(row[t].payee),
										k = txn_key(&row[t]);

							if (row[t].time >= from)
								rs_fingerprint_add(&y, rs_key_hash(key_type(), &p), rs_key_hash(key_type(), &q),
												   rs_key_hash(key_type(), &k), row[t].time, rs_amount_hash(row[t].amount, 2));
						}
						if (memcmp(&x, &y, sizeof(x)) != 0)
							wrong = "fingerprint of the later rows";
					}
					free_image(&all);
				}
				/* forgetting gives the same groups again */
				if (!wrong && m.graph.nparts > 1)
				{
					m.parts.join[0].used = m.parts.join[1].used = 256 * 1024;
					rs_flow_forget(&m.flow);
					if (m.parts.join[0].used != 0 || m.parts.join[1].njoined != 0)
						wrong = "forgetting";
					else
						wrong = compare(&m, row, n);
				}
				free_several(&m);
				MemoryContextDelete(budget);
				MemoryContextReset(beside);
			}
			tap_ok(wrong == NULL && appended > rounds / 2, "%s identifiers, variant %d: %d random graphs and %d added days in up to %d parts equal the sorted rows (%d did not fit)%s%s",
				   text_keys ? "text" : "integer", mode, rounds, appended, most, refused, wrong ? ": " : "", wrong ? wrong : "");
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
				RsGraphPart g;
				const char *problem;
				int			missed = 0,
							forged = 0;
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
					if (!padding && rs_graph_part_attach(&g, much.data, much.size, &identity, &problem) &&
						rs_graph_part_verify(&g, &problem))
						missed++;
					much.data[at] = old;
				}
				tap_ok(missed == 0, "every flipped bit is found");
				/* headers with a right checksum and wrong contents: refused, or within bounds */
				for (int i = 0; i < 3000; i++)
				{
					RsGraphHeader *h = (RsGraphHeader *) much.data;
					RsGraphHeader saved = *h;
					pg_crc32c	crc;

					for (int k = 0; k < 3; k++)
					{
						uint64		at = 64 + shim_random() % (sizeof(RsGraphHeader) - 64);

						((char *) h)[at] = (char) shim_random();
					}
					INIT_CRC32C(crc);
					COMP_CRC32C(crc, h, offsetof(RsGraphHeader, crc));
					FIN_CRC32C(crc);
					h->crc = crc;
					if (rs_graph_part_attach(&g, much.data, much.size, &identity, &problem))
					{
						rs_graph_part_verify(&g, &problem);
						forged++;
					}
					*h = saved;
				}
				tap_ok(true, "forged headers (%d passed for what is inside the file)", forged);
				for (uint64 size = 0; size < much.size; size += 1 + much.size / 97)
				{
					char	   *cut = malloc(size ? size : 1);

					memcpy(cut, much.data, size);
					missed += rs_graph_part_attach(&g, cut, size, &identity, &problem);
					free(cut);
				}
				tap_ok(missed == 0, "every truncated file is refused");
				other.database++;
				tap_ok(!rs_graph_part_attach(&g, much.data, much.size, &other, &problem), "another database's file is refused: %s", problem);
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
