/*
 * test/unit/ownership_file_test.c
 *	  engines: src/ownership_file.c src/ownership_graph.c src/graph_stream.c src/graph_keys.c src/rs_memory.c
 *
 * Random holdings are written into files in memory and read back row by row
 * against a sorted copy; the same rows in another order, by other numbers, must
 * make the same bytes; files are damaged, truncated and forged.
 */
#include "pg_shim.h"

#include "port/pg_crc32c.h"

#include "ownership_file.h"
#include "rs_memory.h"

#define NAMES 40
#define KINDS 4

typedef struct Image
{
	char	   *data;
	uint64		size;
} Image;

static MemoryContext budget;
static RsGraphIdentity identity = {1, 2, 15, 4, 5};
static int	key_kind;			/* of the parties: RsKeyKind */
static uint32 party[NAMES];		/* number of a file's writer -> party; a permutation */
static uint32 kind_of[KINDS];
static uint32 rank_of[NAMES],
			kind_rank[KINDS];
static uint32 nparties;

static void
image_write(void *arg, const void *data, Size length, uint64 offset)
{
	Image	   *i = arg;

	if (offset + length > i->size)
	{
		i->data = realloc(i->data, offset + length);
		memset(i->data + i->size, 0, offset + length - i->size);	/* as a file's hole */
		i->size = offset + length;
	}
	memcpy(i->data + offset, data, length);
}

/* Party p is called 1000 p - 20000, p times a byte, or p as four bytes: in this order. */
static void
key_of(uint32 p, RsKey *key)
{
	static char text[NAMES + 1];
	static char fixed[4];

	memset(key, 0, sizeof(*key));
	memset(text, 'x', sizeof(text));
	switch (key_kind)
	{
		case RS_KEY_INT:
			key->integer = (int64) p * 1000 - 20000;
			break;
		case RS_KEY_FIXED:
			fixed[3] = (char) p;
			key->bytes = fixed;
			key->length = 4;
			break;
		case RS_KEY_BYTES:
			key->bytes = text;
			key->length = p;
			break;
	}
}

static void
party_key(void *arg, uint32 number, RsKey *key)
{
	key_of(party[number], key);
}

static void
kind_key(void *arg, uint32 number, RsKey *key)
{
	static const char *const name[KINDS] = {"", "concert", "control", "equity"};

	memset(key, 0, sizeof(*key));
	key->bytes = name[kind_of[number]];
	key->length = strlen(key->bytes);
}

static void
shuffle(uint32 *x, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
		x[i] = i;
	for (uint32 i = n; i > 1; i--)
	{
		uint32		j = shim_random() % i,
					swap = x[j];

		x[j] = x[i - 1];
		x[i - 1] = swap;
	}
}

/* Rows h[0 .. n), whose parties and kinds (from 1) are in their order; columns as of `columns`. */
static void
write_file(const RsHolding *h, uint32 n, uint32 columns, Image *image)
{
	RsHoldingRows *rows = rs_holding_rows_create(budget);
	RsGraphHost host = {image, image_write};
	RsNames		nodes = {nparties, {key_kind, 4}, 25, party_key, NULL, rank_of},
				kinds = {KINDS, {RS_KEY_BYTES}, 25, kind_key, NULL, kind_rank};
	RsOwnershipHeader header;
	uint32		number[NAMES],
				kind_number[KINDS];
	uint32	   *order = rs_alloc(budget, (uint64) n + 1, sizeof(uint32), "test");

	if (key_kind != RS_KEY_FIXED)
		nodes.type.length = 0;
	shuffle(party, nparties);
	shuffle(kind_of, KINDS);
	shuffle(order, n);
	for (uint32 i = 0; i < nparties; i++)
	{
		rank_of[i] = party[i];
		number[party[i]] = i;
	}
	for (uint32 i = 0; i < KINDS; i++)
	{
		kind_rank[i] = kind_of[i];
		kind_number[kind_of[i]] = i;
	}
	for (int v = 0; v < RS_V_COLUMNS; v++)
	{
		rows->has[v] = (columns & RS_OC_VALUE(v)) != 0;
		rows->scale[v] = v + 2;
	}
	rows->has_kind = (columns & RS_OC_KIND) != 0;
	rows->has_dates = (columns & (RS_OC_FROM | RS_OC_TO)) != 0;
	rows->has_known_from = (columns & RS_OC_KNOWN_FROM) != 0;
	for (uint32 i = 0; i < n; i++)
	{
		RsHolding	r = h[order[i]];

		r.owner = number[r.owner];
		r.owned = number[r.owned];
		r.kind = r.kind ? kind_number[r.kind - 1] + 1 : 0;
		rs_holding_rows_add(rows, &r);
	}
	rs_ownership_file_write(budget, &host, rows, columns, &nodes, &kinds, &identity, &header);
	if (image->size > header.file_size)
		tap_ok(false, "written beyond the end");
	if (image->size < header.file_size)
	{
		image->data = realloc(image->data, header.file_size);
		memset(image->data + image->size, 0, header.file_size - image->size);
		image->size = header.file_size;
	}
}

static int
compare_holdings(const void *pa, const void *pb)
{
	const RsHolding *a = pa,
			   *b = pb;

#define BY(x) if (a->x != b->x) return a->x < b->x ? -1 : 1
	BY(owned);
	BY(owner);
	BY(kind);
	BY(from);
	BY(to);
	BY(known_from);
	BY(known);
	for (int v = 0; v < RS_V_COLUMNS; v++)
		BY(value[v]);
#undef BY
	return 0;
}

static void
draw(RsHolding *h, uint32 n, uint32 columns, bool wide)
{
	for (uint32 i = 0; i < n; i++)
	{
		RsHolding	r = {0};

		r.owner = shim_random() % nparties;
		r.owned = shim_random() % nparties;
		r.known = shim_random() & columns & 15;
		for (int v = 0; v < RS_V_COLUMNS; v++)
			if (r.known & (1 << v))
			{
				r.value[v] = (int64) (shim_random() % 9) - 2;
				if (wide && shim_random() % 3 == 0)
					r.value[v] *= (int128) 1 << 90;
			}
		if (columns & RS_OC_KIND)
			r.kind = shim_random() % (KINDS + 1);
		r.class = r.kind == 2 ? RS_CLASS_CONCERT : r.kind == 3 ? RS_CLASS_CONTROL : RS_CLASS_EQUITY;
		r.from = columns & RS_OC_FROM && shim_random() % 2 ? (DateADT) (shim_random() % 3) : DATEVAL_NOBEGIN;
		r.to = columns & RS_OC_TO && shim_random() % 2 ? (DateADT) (shim_random() % 3) : DATEVAL_NOEND;
		r.known_from = columns & RS_OC_KNOWN_FROM && shim_random() % 2 ? (TimestampTz) (shim_random() % 3) : DT_NOBEGIN;
		h[i] = r;
		if (i > 0 && shim_random() % 8 == 0)
			h[i] = h[shim_random() % i];
	}
}

/* Everything in the file against the rows sorted; NULL or what is wrong. */
static const char *
compare(const RsOwnershipFile *f, const RsHolding *h, uint32 n)
{
	uint32		in = 0,
				seen = 0;

	if (f->header->nrows != n || f->header->nnodes != nparties || f->header->nkinds != KINDS)
		return "count";
	for (uint32 i = 0; i < n; i++)
	{
		RsHolding	r = {0};

		rs_ownership_file_row(f, i, &r);
		if (compare_holdings(&r, &h[i]) != 0 || r.class != h[i].class)
			return "a row";
	}
	for (uint32 p = 0; p < nparties; p++)
	{
		RsKey		key,
					found;
		bool		exists;

		for (; in < n && h[in].owned == p; in++)
			if (in < f->in_start[p] || in >= f->in_start[p + 1])
				return "rows about a company";
		for (uint32 o = f->out_start[p]; o < f->out_start[p + 1]; o++, seen++)
			if (f->out_row[o] >= n || h[f->out_row[o]].owner != p ||
				(o > f->out_start[p] && f->out_row[o - 1] >= f->out_row[o]))
				return "rows about an owner";
		key_of(p, &key);
		found = rs_key_get(&f->node, p);
		if (rs_key_compare(&f->node.type, &key, &found) != 0)
			return "an identifier";
		if (rs_key_place(&f->node, f->header->node.top, NULL, &key, &exists) != p || !exists)
			return "look-up of an identifier";
	}
	return seen == n ? NULL : "rows about owners missing";
}

/* Touch everything that a reader's pointers promise; what the numbers say does not matter. */
static uint64
touch(const RsOwnershipFile *f)
{
	uint64		sum = 0;

	for (uint32 i = 0; i < f->header->nrows; i++)
	{
		RsHolding	r;

		rs_ownership_file_row(f, i, &r);
		sum += r.owner + r.owned + (uint64) r.value[0] + (uint64) r.value[3] + r.kind + (uint64) r.known_from + f->out_row[i];
	}
	for (uint32 p = 0; p <= f->header->nnodes; p++)
		sum += f->in_start[p] + f->out_start[p];
	for (uint32 p = 0; p < f->header->nnodes && f->node.type.kind == RS_KEY_INT; p++)
		sum += rs_key_get(&f->node, p).integer;
	return sum;
}

static volatile uint64 sink;

int
main(void)
{
	int			rounds = getenv("RS_LONG") && strcmp(getenv("RS_LONG"), "1") == 0 ? 20000 : 600;
	RsHolding  *h = calloc(400, sizeof(RsHolding));
	RsOwnershipFile f,
				g;
	const char *problem = "";

	shim_init();
	shim_srandom(20261122);
	rs_max_memory_kb = 1024 * 1024;
	for (key_kind = RS_KEY_INT; key_kind <= RS_KEY_BYTES; key_kind++)
	{
		const char *wrong = NULL;
		int			missed = 0,
					forged = 0,
					refused = 0,
					flips = 0;

		for (int r = 0; r < rounds && !wrong; r++)
		{
			uint32		n = shim_random() % (r % 20 == 0 ? 400 : 30);
			uint32		columns = r % 5 == 0 ? RS_OC_VALUE(RS_V_SHARE) : 1 + shim_random() % 255;
			Image		a = {0},
						b = {0};
			RsGraphIdentity other = identity;

			budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
			CurrentMemoryContext = budget;
			nparties = 1 + shim_random() % (NAMES - 1);
			draw(h, n, columns, r % 4 == 0);
			write_file(h, n, columns, &a);
			write_file(h, n, columns, &b);
			qsort(h, n, sizeof(RsHolding), compare_holdings);
			if (!rs_ownership_file_attach(&f, a.data, a.size, &identity, &problem) || !rs_ownership_file_verify(&f, &problem))
				wrong = problem;
			else
				wrong = compare(&f, h, n);
			if (!wrong && (a.size != b.size || memcmp(a.data, b.data, a.size) != 0 ||
						   !rs_ownership_file_attach(&g, b.data, b.size, &identity, &problem) || !rs_ownership_file_equal(&f, &g)))
				wrong = "the same rows in another order";
			if (!wrong && n > 0 && (columns & 1))
			{
				Image		c = {0};

				h[shim_random() % n].known ^= 1;
				write_file(h, n, columns, &c);
				if (!rs_ownership_file_attach(&g, c.data, c.size, &identity, &problem) || rs_ownership_file_equal(&f, &g))
					wrong = "another row, and the files are taken for equal";
				free(c.data);
			}
			other.database++;
			if (!wrong && rs_ownership_file_attach(&g, a.data, a.size, &other, &problem))
				wrong = "another database's file is taken";

			/* a flipped bit */
			for (int i = 0; i < 30 && !wrong; i++)
			{
				uint64		at = shim_random() % (i < 15 ? sizeof(RsOwnershipHeader) : a.size);
				bool		covered = at < sizeof(RsOwnershipHeader);

				for (int s = 0; s < RS_OS_SECTIONS; s++)
					if (at >= f.header->section[s].offset && at - f.header->section[s].offset < f.header->section[s].length)
						covered = true;
				b.data[at] ^= 1 << (shim_random() % 8);
				if (covered)
				{
					flips++;
					if (rs_ownership_file_attach(&g, b.data, b.size, &identity, &problem) &&
						rs_ownership_file_verify(&g, &problem))
						missed++;
				}
				b.data[at] = a.data[at];
			}
			/* a header with a right checksum and wrong contents: refused, or within bounds */
			for (int i = 0; i < 40 && !wrong; i++)
			{
				RsOwnershipHeader *x = (RsOwnershipHeader *) b.data;
				pg_crc32c	crc;

				for (int k = 0; k < 1 + i % 3; k++)
				{
					uint64		at = offsetof(RsOwnershipHeader, file_size) +
						shim_random() % (offsetof(RsOwnershipHeader, crc) - offsetof(RsOwnershipHeader, file_size));

					((char *) x)[at] = i % 2 ? (char) shim_random() : ((char *) x)[at] ^ (1 << (shim_random() % 8));
				}
				INIT_CRC32C(crc);
				COMP_CRC32C(crc, x, offsetof(RsOwnershipHeader, crc));
				FIN_CRC32C(crc);
				x->crc = crc;
				if (rs_ownership_file_attach(&g, b.data, b.size, &identity, &problem))
				{
					(void) rs_ownership_file_verify(&g, &problem);
					sink += touch(&g);
					forged++;
				}
				else
					refused++;
				memcpy(b.data, a.data, RS_GRAPH_ALIGN);
			}
			/* truncated, grown */
			for (int i = 0; i < 8 && !wrong; i++)
			{
				uint64		size = i == 0 ? a.size + RS_GRAPH_ALIGN : shim_random() % a.size;
				char	   *cut = calloc(1, size + 1);

				memcpy(cut, a.data, Min(size, a.size));
				missed += rs_ownership_file_attach(&g, cut, size, &identity, &problem);
				free(cut);
			}
			free(a.data);
			free(b.data);
			MemoryContextDelete(budget);
			CurrentMemoryContext = TopMemoryContext;
		}
		tap_ok(wrong == NULL, "%s identifiers: %d random files hold their rows, whatever the order%s%s",
			   key_kind == RS_KEY_INT ? "integer" : key_kind == RS_KEY_FIXED ? "fixed" : "text", rounds, wrong ? ": " : "", wrong ? wrong : "");
		tap_ok(missed == 0 && flips > rounds, "every flipped bit (%d) and every truncated or grown file is found", flips);
		tap_ok(forged > 0 && refused > forged, "forged headers are refused (%d) or within bounds (%d)", refused, forged);
	}
	free(h);
	return tap_done();
}
