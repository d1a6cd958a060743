/*
 * src/matcher_build.c
 *	  Compiling words into automata over character classes.
 *
 * A word is folded once, here; a text is never folded: each layer maps every
 * code point straight to the class of what it folds to, so seeing through
 * width, case, variants and interleaved marks costs the one look-up that
 * decoding needs anyway. Classes are numbered by the words' own alphabet.
 *
 * The words' class sequences are sorted and read into a trie, whose nodes are
 * placed breadth first into a double array (base, check, fail: 12 bytes a
 * state); the root's children have a table of their own. Failure links follow
 * in the same order; matcher_skim.c's tables of the words' first three classes
 * keep the scan out of them where no word begins. An automaton of at most 65536 transitions is expanded
 * into a full table of 16-bit rows, accepting rows last, so that a step is one
 * load and the test for a hit one comparison.
 *
 * Disguises beyond folding are layers of their own with coarser classes
 * (readings, shapes, runs), whose hits matcher.c verifies character by
 * character; spelled and split forms are further patterns of the exact layer.
 *
 * Memory: everything is allocated in the budget context of
 * rs_matcher_begin(); what only the build needs is freed at its end. Time is
 * O(n log n) in the words' total length, and candidate positions tried per
 * node of the double array are bounded.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "matcher_private.h"
#include "rs_memory.h"

#define MAX_CODES 65000
#define DENSE_ENTRIES 65536
#define PLACE_TRIES 256
#define MAX_SPELLED 6			/* longer words: only all spelled out */
#define MAX_SPLIT_FORMS 256
#define READING_KEY 0x110000
#define SHAPE_KEY 0x112000
#define ALL_KEYS 0x115000

struct RsMatcherBuilder
{
	MemoryContext budget;
	RsMatcherOptions options;
	uint32		words;
	RsPattern  *pattern;
	uint64		npatterns,
				pattern_cap;
	uint32	   *character;
	uint64		ncharacters,
				character_cap;
};

typedef struct Node
{
	uint32		parent;
	uint32		child;			/* first child, 0 if none; children descend by class */
	uint32		sibling;
	uint32		slot;
	uint32		out;			/* pattern + 1 */
	uint16		class;
} Node;

typedef struct Trie
{
	Node	   *node;
	uint64		n,
				cap;
} Trie;

RsMatcherBuilder *
rs_matcher_begin(MemoryContext budget, const RsMatcherOptions *options)
{
	RsMatcherBuilder *b = rs_alloc0(budget, 1, sizeof(RsMatcherBuilder), "a word list");

	b->budget = budget;
	b->options = *options;
	return b;
}

static void
add_pattern(RsMatcherBuilder *b, const uint32 *cp, int n, int disguise)
{
	RsPattern  *p;
	bool		letters = b->options.whole_words;

	b->character = rs_grow(b->budget, b->character, &b->character_cap,
						   b->ncharacters + n, sizeof(uint32), "a word list");
	b->pattern = rs_grow(b->budget, b->pattern, &b->pattern_cap,
						 b->npatterns + 1, sizeof(RsPattern), "a word list");
	if (b->ncharacters + n >= UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the word list is too long")));
	p = &b->pattern[b->npatterns++];
	p->word = b->words;
	p->first = b->ncharacters;
	p->length = n;
	p->disguise = disguise;
	for (int i = 0; i < n; i++)
		letters = letters && rs_is_letter(cp[i]);
	p->letters = letters;
	memcpy(b->character + b->ncharacters, cp, n * sizeof(uint32));
	b->ncharacters += n;
}

/* Forms with some characters spelled in pinyin; longer words only spelled out. */
static void
add_spelled(RsMatcherBuilder *b, const uint32 *cp, int n)
{
	uint32	   *form;
	int			han = 0,
				longest = 0;
	uint32		last;

	for (int i = 0; i < n; i++)
		if (!rs_is_letter(cp[i]) && rs_reading(cp[i]) != 0)
		{
			han++;
			longest += strlen(rs_syllable(rs_reading(cp[i])));
		}
	if (han == 0)
		return;
	form = rs_alloc(b->budget, n + longest, sizeof(uint32), "a word list");
	last = han <= MAX_SPELLED ? (1u << han) - 1 : 1;
	for (uint32 choice = 1; choice <= last; choice++)
	{
		int			k = 0,
					at = 0;

		for (int i = 0; i < n; i++)
		{
			int			reading = rs_is_letter(cp[i]) ? 0 : rs_reading(cp[i]);

			if (reading != 0 && (han > MAX_SPELLED || (choice >> at++ & 1)))
				for (const char *s = rs_syllable(reading); *s; s++)
					form[k++] = (unsigned char) *s;
			else
				form[k++] = cp[i];
		}
		add_pattern(b, form, k, RS_DISGUISE_PINYIN);
	}
	pfree(form);
}

static void
add_split_form(RsMatcherBuilder *b, const uint32 *cp, int n, const int *pick, uint32 *form)
{
	int			k = 0;

	for (int i = 0; i < n; i++)
	{
		if (pick[i] > 0 && rs_split_parts(cp[i], pick[i] - 1, &form[k], &form[k + 1]))
			k += 2;
		else
			form[k++] = cp[i];
	}
	add_pattern(b, form, k, RS_DISGUISE_SPLIT);
}

/*
 * Forms with characters written as two halves: every combination while there
 * are at most MAX_SPLIT_FORMS, else one character at a time.
 */
static void
add_split(RsMatcherBuilder *b, const uint32 *cp, int n)
{
	uint32	   *form = rs_alloc(b->budget, 2 * (uint64) n, sizeof(uint32), "a word list");
	int		   *ways = rs_alloc0(b->budget, n, sizeof(int), "a word list");
	int		   *pick = rs_alloc0(b->budget, n, sizeof(int), "a word list");
	uint64		forms = 1;
	uint32		left,
				right;

	for (int i = 0; i < n; i++)
	{
		while (rs_split_parts(cp[i], ways[i], &left, &right))
			ways[i]++;
		if (forms <= MAX_SPLIT_FORMS)
			forms *= ways[i] + 1;
	}
	if (forms > MAX_SPLIT_FORMS)
	{
		for (int i = 0; i < n; i++)
		{
			for (pick[i] = 1; pick[i] <= ways[i]; pick[i]++)
				add_split_form(b, cp, n, pick, form);
			pick[i] = 0;
		}
	}
	else
	{
		for (;;)
		{
			int			i;

			/* count up; pick[i] = 0 leaves the character whole */
			for (i = 0; i < n && pick[i] == ways[i]; i++)
				pick[i] = 0;
			if (i == n)
				break;
			pick[i]++;
			add_split_form(b, cp, n, pick, form);
		}
	}
	pfree(form);
	pfree(ways);
	pfree(pick);
}

/*
 * Add the next word; words are numbered from 0 in the order of calls, also
 * those of which nothing is left after folding (they never match).
 */
bool
rs_matcher_add(RsMatcherBuilder *b, const char *utf8, Size length)
{
	const unsigned char *p = (const unsigned char *) utf8,
			   *end = p + length;
	uint32	   *cp = rs_alloc(b->budget, (uint64) length * RS_FOLD_MAX + 1, sizeof(uint32), "a word");
	int			n = 0,
				bytes;

	while (p < end)
	{
		uint32		c = rs_utf8_decode(p, end, &bytes);

		p += bytes;
		if (c == RS_BAD_CHARACTER)
			continue;
		if (b->options.fold)
		{
			int			k;

			rs_fold(c, cp + n, &k);
			n += k;
		}
		else
		{
			RsFoldKind	kind;
			int			k;
			uint32		folded[RS_FOLD_MAX];

			kind = rs_fold(c, folded, &k);
			if (kind == RS_FOLD_TEXT || kind == RS_FOLD_CLAUSE || b->options.skip == RS_SKIP_NOTHING)
				if (kind != RS_FOLD_IGNORABLE)
					cp[n++] = c;
		}
	}
	if (n > 0)
	{
		add_pattern(b, cp, n, 0);
		if (b->options.homophones)
			add_spelled(b, cp, n);
		if (b->options.split_characters)
			add_split(b, cp, n);
	}
	pfree(cp);
	b->words++;
	return n > 0;
}

/* What decides a folded character's class in a layer. */
static uint32
layer_key(RsLayerKind kind, uint32 cp)
{
	uint32		key;

	switch (kind)
	{
		case RS_LAYER_HOMOPHONE:
			key = rs_is_letter(cp) ? 0 : rs_reading(cp);
			return key != 0 ? READING_KEY + key : cp;
		case RS_LAYER_SHAPE:
			key = rs_shape(cp);
			if (key == 0)
			{
				uint32		partner = rs_spoof_partner(cp, 0);

				if (partner != 0)
				{
					key = rs_shape(partner);
					if (key == 0)
						return Min(cp, partner);
				}
			}
			return key != 0 ? SHAPE_KEY + key : cp;
		default:
			return cp;
	}
}

typedef struct SortItem
{
	const uint16 *class;
	uint32		length;
	uint32		pattern;
} SortItem;

static int
compare_items(const void *a, const void *b)
{
	const SortItem *x = a,
			   *y = b;
	uint32		n = Min(x->length, y->length);

	for (uint32 i = 0; i < n; i++)
		if (x->class[i] != y->class[i])
			return x->class[i] < y->class[i] ? -1 : 1;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return x->pattern < y->pattern ? -1 : x->pattern > y->pattern;
}

static uint32
new_node(RsMatcherBuilder *b, Trie *t, uint32 parent, uint16 class)
{
	Node	   *v;

	t->node = rs_grow(b->budget, t->node, &t->cap, t->n + 1, sizeof(Node), "a word list");
	v = &t->node[t->n];
	memset(v, 0, sizeof(Node));
	v->parent = parent;
	v->class = class;
	if (t->n > 0)
	{
		v->sibling = t->node[parent].child;
		t->node[parent].child = t->n;
	}
	return t->n++;
}

/* Number the alphabet and make the map from code points to codes. */
static void
build_map(RsMatcherBuilder *b, RsLayer *layer, uint16 **pattern_class)
{
	uint16	   *class_of = rs_alloc0(b->budget, ALL_KEYS, sizeof(uint16), "a word list");
	bool	   *used_page = rs_alloc0(b->budget, (RS_LAST_CODE_POINT >> 6) + 1, sizeof(bool), "a word list");
	uint32		ntop = (RS_LAST_CODE_POINT >> 6) + 1;
	uint32		codes = 0;
	uint64		npages = 1,
				page_cap = 0,
				nsequences = 0,
				sequence_cap = 0,
				nsequence_class = 0,
				sequence_class_cap = 0;
	uint16		ignorable,
				separator;

	*pattern_class = rs_alloc(b->budget, b->ncharacters + 1, sizeof(uint16), "a word list");
	for (uint64 i = 0; i < b->npatterns; i++)
	{
		RsPattern  *p = &b->pattern[i];

		for (uint32 j = p->first; j < p->first + p->length; j++)
		{
			uint32		key = layer_key(layer->kind, b->character[j]);

			if (class_of[key] == 0)
			{
				if (++codes >= MAX_CODES)
					ereport(ERROR,
							(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							 errmsg("the word list uses more than %d different characters", MAX_CODES)));
				class_of[key] = codes;
			}
			(*pattern_class)[j] = class_of[key];
			used_page[b->character[j] >> 6] = true;
		}
	}
	layer->classes = codes;
	ignorable = ++codes;
	separator = ++codes;

	layer->top = rs_alloc0(b->budget, ntop, sizeof(uint16), "a word list");
	layer->page = rs_grow(b->budget, NULL, &page_cap, 64 * 64, sizeof(uint16), "a word list");
	memset(layer->page, 0, 64 * sizeof(uint16));
	for (uint32 page = 0; page < ntop; page++)
	{
		bool		content = false;
		uint16	   *cell;

		/* coarse layers reach characters outside the words' alphabet */
		if (rs_fold_page_is_plain(page) && !used_page[page] &&
			(layer->kind <= RS_LAYER_REPEAT || page >= 0x30000 >> 6))
			continue;
		layer->page = rs_grow(b->budget, layer->page, &page_cap, (npages + 1) * 64,
							  sizeof(uint16), "a word list");
		cell = layer->page + npages * 64;
		for (uint32 i = 0; i < 64; i++)
		{
			uint32		cp = page << 6 | i;
			uint32		folded[RS_FOLD_MAX];
			int			n;
			RsFoldKind	kind = rs_fold(cp, folded, &n);
			uint32		code = 0;

			if (!b->options.fold && (kind == RS_FOLD_TEXT || class_of[layer_key(layer->kind, cp)] != 0))
			{
				kind = RS_FOLD_TEXT;
				folded[0] = cp;
				n = 1;
			}
			if (kind == RS_FOLD_IGNORABLE)
				code = ignorable;
			else if (kind != RS_FOLD_TEXT)
			{
				if (b->options.skip == RS_SKIP_ALL ||
					(b->options.skip == RS_SKIP_SEPARATORS && kind == RS_FOLD_SEPARATOR))
					code = separator;
			}
			else if (n == 1)
				code = class_of[layer_key(layer->kind, folded[0])];
			else
			{
				uint16		class[RS_FOLD_MAX];
				bool		any = false;

				for (int k = 0; k < n; k++)
				{
					class[k] = class_of[layer_key(layer->kind, folded[k])];
					any = any || class[k] != 0;
				}
				if (any)
				{
					if (codes + 1 >= MAX_CODES)
						ereport(ERROR,
								(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
								 errmsg("the word list uses more than %d different characters", MAX_CODES)));
					code = ++codes;
					layer->sequence = rs_grow(b->budget, layer->sequence, &sequence_cap,
											  nsequences + 1, sizeof(uint32), "a word list");
					layer->sequence[nsequences++] = nsequence_class;
					layer->sequence_class = rs_grow(b->budget, layer->sequence_class, &sequence_class_cap,
													nsequence_class + n + 1, sizeof(uint16), "a word list");
					layer->sequence_class[nsequence_class++] = n;
					memcpy(layer->sequence_class + nsequence_class, class, n * sizeof(uint16));
					nsequence_class += n;
				}
			}
			cell[i] = code;
			content = content || code != 0;
		}
		if (!content)
			continue;
		/* long stretches of one kind (tags, marks) share a page */
		if (npages > 1 && memcmp(cell, cell - 64, 64 * sizeof(uint16)) == 0)
			layer->top[page] = npages - 1;
		else
			layer->top[page] = npages++;
	}
	layer->page = rs_resize(b->budget, layer->page, npages * 64, sizeof(uint16), "a word list");
	for (int i = 0; i < 128; i++)
		layer->ascii[i] = layer->page[(uint32) layer->top[i >> 6] << 6 | (i & 63)];
	pfree(class_of);
	pfree(used_page);
}

/* Read the sorted class sequences into a trie. */
static void
build_trie(RsMatcherBuilder *b, RsLayer *layer, uint16 *pattern_class, Trie *t)
{
	SortItem   *item = rs_alloc(b->budget, b->npatterns + 1, sizeof(SortItem), "a word list");
	uint32	   *path;
	uint32		n = 0,
				longest = 0,
				depth = 0;
	const SortItem *previous = NULL;

	for (uint64 i = 0; i < b->npatterns; i++)
	{
		RsPattern  *p = &b->pattern[i];
		uint16	   *class = pattern_class + p->first;
		uint32		length = p->length;

		/* spelled and split forms are looked for as they are */
		if (layer->kind != RS_LAYER_EXACT && p->disguise != 0)
			continue;
		if (layer->kind == RS_LAYER_REPEAT)
		{
			uint32		k = 1;

			for (uint32 j = 1; j < p->length; j++)
				if (class[j] != class[k - 1])
					class[k++] = class[j];
			length = k;
		}
		item[n].class = class;
		item[n].length = length;
		item[n].pattern = i;
		longest = Max(longest, length);
		n++;
	}
	qsort(item, n, sizeof(SortItem), compare_items);
	path = rs_alloc0(b->budget, (uint64) longest + 1, sizeof(uint32), "a word list");
	layer->same = rs_alloc0(b->budget, b->npatterns + 1, sizeof(uint32), "a word list");
	new_node(b, t, 0, 0);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		common = 0;
		uint32		v;

		if (previous != NULL)
			while (common < Min(previous->length, item[i].length) &&
				   previous->class[common] == item[i].class[common])
				common++;
		for (depth = common; depth < item[i].length; depth++)
			path[depth + 1] = new_node(b, t, path[depth], item[i].class[depth]);
		v = path[item[i].length];
		layer->same[item[i].pattern] = t->node[v].out;
		t->node[v].out = item[i].pattern + 1;
		previous = &item[i];
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(item);
	pfree(path);
}

typedef struct Placer
{
	RsMatcherBuilder *b;
	RsLayer    *layer;
	uint64		cap,			/* units allocated */
				prepared;		/* units initialised and in the free list */
	uint64		next_cap,
				prev_cap;
	uint32	   *next_free;		/* doubly linked, slot 0 is the head */
	uint32	   *prev_free;
	uint32		highest;
} Placer;

/* Make slots below `needed` usable. */
static void
prepare_slots(Placer *pl, uint64 needed)
{
	if (needed <= pl->prepared)
		return;
	needed = Max(needed, pl->prepared + 1024);
	if (needed >= RS_BASE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the word list is too long")));
	pl->layer->unit = rs_grow(pl->b->budget, pl->layer->unit, &pl->cap, needed, sizeof(RsUnit), "a word list");
	pl->next_free = rs_grow(pl->b->budget, pl->next_free, &pl->next_cap, needed, sizeof(uint32), "a word list");
	pl->prev_free = rs_grow(pl->b->budget, pl->prev_free, &pl->prev_cap, needed, sizeof(uint32), "a word list");
	if (pl->prepared == 0)
		pl->next_free[0] = pl->prev_free[0] = 0;
	for (uint64 s = pl->prepared; s < needed; s++)
	{
		RsUnit	   *u = &pl->layer->unit[s];

		u->base = 0;
		u->check = RS_NO_SLOT;
		u->fail = 0;
		/* slots up to the alphabet's size stay empty: children of leaves */
		if (s > pl->layer->classes)
		{
			uint32		tail = pl->prev_free[0];

			pl->next_free[tail] = s;
			pl->prev_free[s] = tail;
			pl->next_free[s] = 0;
			pl->prev_free[0] = s;
		}
	}
	pl->prepared = needed;
}

static void
take_slot(Placer *pl, uint32 s, uint32 owner)
{
	pl->next_free[pl->prev_free[s]] = pl->next_free[s];
	pl->prev_free[pl->next_free[s]] = pl->prev_free[s];
	pl->layer->unit[s].check = owner;
	pl->highest = Max(pl->highest, s);
}

/* Place the children of node v (classes in class[0..n), ascending). */
static uint32
find_base(Placer *pl, const uint16 *class, int n)
{
	uint32		f;
	int			tries = 0;

	for (f = pl->next_free[0]; f != 0 && tries < PLACE_TRIES; f = pl->next_free[f], tries++)
	{
		uint32		base = f - class[0];
		int			i;

		prepare_slots(pl, (uint64) base + class[n - 1] + 1);
		for (i = 1; i < n; i++)
			if (pl->layer->unit[base + class[i]].check != RS_NO_SLOT)
				break;
		if (i == n)
			return base;
	}
	/* beyond everything taken */
	f = Max(pl->highest, pl->layer->classes) + 1;
	prepare_slots(pl, (uint64) f + class[n - 1] + 1);
	return f - class[0];
}

/* Double array, failure links, outputs; returns nodes in breadth-first order. */
static uint32 *
place_trie(RsMatcherBuilder *b, RsLayer *layer, Trie *t)
{
	Placer		pl = {.b = b,.layer = layer};
	uint32	   *queue = rs_alloc(b->budget, t->n, sizeof(uint32), "a word list");
	uint16	   *class = rs_alloc(b->budget, (uint64) layer->classes + 1, sizeof(uint16), "a word list");
	uint64		head = 0,
				tail = 1,
				units;

	prepare_slots(&pl, (uint64) layer->classes + 2);
	layer->first = rs_alloc0(b->budget, (uint64) layer->classes + 1, sizeof(uint32), "a word list");
	queue[0] = 0;
	while (head < tail)
	{
		uint32		v = queue[head++];
		uint32		slot = t->node[v].slot;
		int			n = 0;
		uint32		base;

		for (uint32 c = t->node[v].child; c != 0; c = t->node[c].sibling)
			n++;
		if (n == 0)
			continue;
		for (uint32 c = t->node[v].child, i = n; c != 0; c = t->node[c].sibling)
			class[--i] = t->node[c].class;
		base = find_base(&pl, class, n);
		layer->unit[slot].base = base;
		for (uint32 c = t->node[v].child; c != 0; c = t->node[c].sibling)
		{
			uint32		s = base + t->node[c].class;

			take_slot(&pl, s, slot);
			t->node[c].slot = s;
			if (v == 0)
				layer->first[t->node[c].class] = s;
			queue[tail++] = c;
		}
		if ((head & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	units = (uint64) Max(pl.highest, layer->classes) + layer->classes + 2;
	prepare_slots(&pl, units);
	layer->unit = rs_resize(b->budget, layer->unit, units, sizeof(RsUnit), "a word list");
	layer->out = rs_alloc0(b->budget, units, sizeof(uint32), "a word list");
	layer->dict = rs_alloc0(b->budget, units, sizeof(uint32), "a word list");
	pfree(pl.next_free);
	pfree(pl.prev_free);
	pfree(class);

	for (uint64 i = 1; i < tail; i++)
	{
		Node	   *v = &t->node[queue[i]];
		RsUnit	   *u = &layer->unit[v->slot];
		uint32		parent = t->node[v->parent].slot;
		uint32		f = 0;

		if (parent != 0)
		{
			f = layer->unit[parent].fail;
			for (;;)
			{
				uint32		s = f == 0 ? layer->first[v->class]
					: (layer->unit[f].base & RS_BASE) + v->class;

				if (f == 0)
				{
					f = s;
					break;
				}
				if (layer->unit[s].check == f)
				{
					f = s;
					break;
				}
				f = layer->unit[f].fail;
			}
		}
		u->fail = f;
		layer->out[v->slot] = v->out;
		layer->dict[v->slot] = layer->out[f] != 0 ? f : layer->dict[f];
		if (v->out != 0 || layer->dict[v->slot] != 0)
			u->base |= RS_ACCEPT;
		if (parent == 0 || t->node[v->parent].parent == 0)
			u->base |= RS_SHALLOW;
	}
	return queue;
}

/* The table of how words begin; none when a single character is a word. */
static void
make_skim(RsMatcherBuilder *b, RsLayer *layer, const uint16 *pattern_class)
{
	for (uint64 i = 0; i < b->npatterns; i++)
		if (b->pattern[i].length < 2 && (layer->kind == RS_LAYER_EXACT || b->pattern[i].disguise == 0))
			return;
	layer->skim = rs_skim_begin(b->budget, layer, b->npatterns);
	for (uint64 i = 0; i < b->npatterns; i++)
	{
		const RsPattern *p = &b->pattern[i];

		/* coarser layers do not look for spelled and split forms */
		if (layer->kind == RS_LAYER_EXACT || p->disguise == 0)
			rs_skim_add(layer->skim, pattern_class + p->first, p->length);
	}
}

/* Expand a small automaton into a full table; states become rows. */
static void
make_dense(RsMatcherBuilder *b, RsLayer *layer, Trie *t, const uint32 *queue)
{
	uint32		stride = layer->classes + 1;
	uint32	   *row_of_slot;
	uint32	   *out,
			   *dict;
	uint32		row = 0;
	uint32		slots = 0;

	for (uint64 i = 0; i < t->n; i++)
		slots = Max(slots, t->node[i].slot + 1);
	row_of_slot = rs_alloc0(b->budget, slots, sizeof(uint32), "a word list");
	/* rows: shallow ones that do not accept, deeper ones, then all that accept */
	for (int part = 0; part < 3; part++)
	{
		if (part == 1)
			layer->shallow_below = row * stride;
		if (part == 2)
			layer->accept_from = row * stride;
		for (uint64 i = 0; i < t->n; i++)
		{
			uint32		s = t->node[queue[i]].slot;
			uint32		base = layer->unit[s].base;
			bool		shallow = i == 0 || (base & RS_SHALLOW) != 0;

			if (part == (base & RS_ACCEPT ? 2 : shallow ? 0 : 1))
				row_of_slot[s] = row++;
		}
	}
	layer->next = rs_alloc0(b->budget, (uint64) row * stride, sizeof(uint16), "a word list");
	out = rs_alloc0(b->budget, row, sizeof(uint32), "a word list");
	dict = rs_alloc0(b->budget, row, sizeof(uint32), "a word list");
	for (uint64 i = 0; i < t->n; i++)
	{
		Node	   *v = &t->node[queue[i]];
		uint32		s = v->slot;
		uint16	   *next = layer->next + row_of_slot[s] * stride;

		if (i > 0)
			memcpy(next, layer->next + row_of_slot[layer->unit[s].fail] * stride, stride * sizeof(uint16));
		for (uint32 c = v->child; c != 0; c = t->node[c].sibling)
			next[t->node[c].class] = row_of_slot[t->node[c].slot] * stride;
		out[row_of_slot[s]] = layer->out[s];
		dict[row_of_slot[s]] = row_of_slot[layer->dict[s]];
	}
	pfree(layer->out);
	pfree(layer->dict);
	pfree(layer->unit);
	pfree(layer->first);
	pfree(row_of_slot);
	layer->unit = NULL;
	layer->first = NULL;
	layer->out = out;
	layer->dict = dict;
	layer->stride = stride;
	layer->dense = true;
}

static void
build_layer(RsMatcherBuilder *b, RsMatcher *m, RsLayerKind kind)
{
	RsLayer    *layer = &m->layer[m->nlayers++];
	Trie		t = {0};
	uint16	   *pattern_class;
	uint32	   *queue;

	layer->kind = kind;
	build_map(b, layer, &pattern_class);
	build_trie(b, layer, pattern_class, &t);
	queue = place_trie(b, layer, &t);
	if (t.n * (layer->classes + 1) <= DENSE_ENTRIES && !b->options.compact)
		make_dense(b, layer, &t, queue);
	if (kind != RS_LAYER_REPEAT && !b->options.lean)
		make_skim(b, layer, pattern_class);
	pfree(pattern_class);
	m->stats.states += t.n;
	m->stats.classes = Max(m->stats.classes, layer->classes);
	if (kind == RS_LAYER_EXACT)
		m->stats.dense = layer->dense;
	pfree(queue);
	pfree(t.node);
}

/* The builder is used up. */
RsMatcher *
rs_matcher_finish(RsMatcherBuilder *b)
{
	RsMatcher  *m = rs_alloc0(b->budget, 1, sizeof(RsMatcher), "a word list");

	m->options = b->options;
	m->npatterns = b->npatterns;
	m->plain = true;
	for (uint64 i = 0; i < b->npatterns; i++)
		if (b->pattern[i].letters)
			m->plain = false;
	build_layer(b, m, RS_LAYER_EXACT);
	if (b->options.repeats)
		build_layer(b, m, RS_LAYER_REPEAT);
	if (b->options.homophones)
		build_layer(b, m, RS_LAYER_HOMOPHONE);
	if (b->options.look_alikes)
		build_layer(b, m, RS_LAYER_SHAPE);
	if (m->nlayers > 1)
		m->plain = false;
	m->pattern = b->pattern;
	m->character = b->character;
	m->stats.words = b->words;
	m->stats.patterns = b->npatterns;
	pfree(b);
	return m;
}
