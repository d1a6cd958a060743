/*
 * test/unit/matcher_test.c
 *	  engines: src/matcher.c src/matcher_build.c src/matcher_skim.c src/folding.c src/rs_memory.c
 *
 * The matcher against a naive one that folds the text into tokens and tries
 * every word at every token; random words and texts from small alphabets full
 * of variants, marks and bad bytes, short ones and long ones of plain
 * characters, with both variants of skimming and with none.
 */
#include "pg_shim.h"

#include <stdlib.h>

#include "folding.h"
#include "matcher_private.h"
#include "rs_memory.h"

typedef struct Token
{
	uint32		cp;
	uint64		ch;				/* number of its character */
	Size		byte,
				byte_end;
	int			part,
				parts;			/* which of its character's folded parts */
	int			gap;			/* separators since the token before; -1: a break */
} Token;

#define MAXT 4000
static Token token[MAXT];
static int	ntokens;
static uint32 before_text[MAXT];
static uint64 nchars;

/* What the naive matcher sees. */
static void
tokenize(const unsigned char *s, Size n, const RsMatcherOptions *o)
{
	const unsigned char *p = s,
			   *end = s + n;
	int			gap = 0;

	ntokens = 0;
	nchars = 0;
	while (p < end)
	{
		uint32		folded[RS_FOLD_MAX];
		int			length,
					k;
		uint32		cp = rs_utf8_decode(p, end, &length);
		RsFoldKind	kind = rs_fold(cp, folded, &k);

		before_text[nchars] = cp;
		if (cp == RS_BAD_CHARACTER)
			gap = -1;
		else if (kind == RS_FOLD_TEXT)
			for (int i = 0; i < k; i++)
			{
				Token		t = {folded[i], nchars, p - s, p - s + length, i, k, gap};

				token[ntokens++] = t;
				gap = 0;
			}
		else if (kind == RS_FOLD_SEPARATOR || kind == RS_FOLD_CLAUSE)
		{
			if (o->skip == RS_SKIP_ALL || (o->skip == RS_SKIP_SEPARATORS && kind == RS_FOLD_SEPARATOR))
			{
				if (gap >= 0 && ++gap > o->max_gap)
					gap = -1;
			}
			else
				gap = -1;
		}
		nchars++;
		p += length;
	}
}

static int
fold_word(const char *w, uint32 *out)
{
	const unsigned char *p = (const unsigned char *) w,
			   *end = p + strlen(w);
	int			n = 0;

	while (p < end)
	{
		int			length,
					k;

		rs_fold(rs_utf8_decode(p, end, &length), out + n, &k);
		n += k;
		p += length;
	}
	return n;
}

static bool
letter(uint32 cp)
{
	return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || (cp >= 0xC0 && cp < 0x250) ||
		(cp >= 0x370 && cp < 0x590);
}

static bool
letter_char(uint64 ch, bool last)
{
	uint32		folded[RS_FOLD_MAX];
	int			k;

	return rs_fold(before_text[ch], folded, &k) == RS_FOLD_TEXT && letter(folded[last ? k - 1 : 0]);
}

typedef struct Found
{
	RsHit		hit[20000];
	int			n;
} Found;
static Found got,
			want;

static bool
collect(void *arg, const RsHit *h)
{
	Found	   *f = arg;

	if (f->n < lengthof(f->hit))
		f->hit[f->n++] = *h;
	return true;
}

static bool
same_sound(uint32 a, uint32 b)
{
	return a == b || (!letter(a) && !letter(b) && rs_reading(a) != 0 && rs_reading(a) == rs_reading(b));
}

/* Every place where the n characters stand; mode 0 exact, 1 homophone, 2 look-alike. */
static void
naive_form(int w, const uint32 *cp, int n, const RsMatcherOptions *o, int mode, uint32 disguise)
{
	bool		letters = o->whole_words && n > 0;

	for (int i = 0; i < n; i++)
		letters = letters && letter(cp[i]);
	for (int s = 0; n > 0 && s + n <= ntokens; s++)
	{
		int			i,
					differing = 0;
		Token	   *a = &token[s],
				   *b = &token[s + n - 1];

		for (i = 0; i < n; i++)
		{
			uint32		c = token[s + i].cp;

			if (i > 0 && token[s + i].gap < 0)
				break;
			if (c == cp[i])
				continue;
			differing++;
			if (mode == 0 || (mode == 1 && !same_sound(c, cp[i])) || (mode == 2 && !rs_look_alike(c, cp[i])))
				break;
		}
		if (i < n || (mode > 0 && differing == 0))
			continue;
		if (letters && (a->part > 0 || b->part < b->parts - 1 ||
						(a->ch > 0 && letter_char(a->ch - 1, true)) ||
						(b->ch + 1 < nchars && letter_char(b->ch + 1, false))))
			continue;
		{
			RsHit		h = {w, disguise, a->byte, b->byte_end, a->ch, b->ch + 1};

			collect(&want, &h);
		}
	}
}

static void
naive(char **word, int nwords, const RsMatcherOptions *o, int mode)
{
	static const int disguise[] = {0, RS_DISGUISE_HOMOPHONE, RS_DISGUISE_LOOK_ALIKE};

	for (int w = 0; w < nwords; w++)
	{
		uint32		cp[200];

		naive_form(w, cp, fold_word(word[w], cp), o, mode, disguise[mode]);
	}
}

/* Every form with some characters spelled (all of them in words of more than six). */
static void
spell(int w, const uint32 *cp, int n, int at, uint32 *form, int k, int spelled, int whole, const RsMatcherOptions *o)
{
	if (at == n)
	{
		int			han = 0;

		for (int i = 0; i < n; i++)
			han += !letter(cp[i]) && rs_reading(cp[i]) != 0;
		if (spelled > 0 && (han <= 6 || whole == 0))
			naive_form(w, form, k, o, 0, RS_DISGUISE_PINYIN);
		return;
	}
	form[k] = cp[at];
	spell(w, cp, n, at + 1, form, k + 1, spelled, whole + (!letter(cp[at]) && rs_reading(cp[at]) != 0), o);
	if (!letter(cp[at]) && rs_reading(cp[at]) != 0)
	{
		const char *s = rs_syllable(rs_reading(cp[at]));

		for (int i = 0; s[i]; i++)
			form[k + i] = (unsigned char) s[i];
		spell(w, cp, n, at + 1, form, k + (int) strlen(s), spelled + 1, whole, o);
	}
}

/* Every form with some characters written as two. */
static void
divide(int w, const uint32 *cp, int n, int at, uint32 *form, int k, int divided, const RsMatcherOptions *o)
{
	uint32		left,
				right;

	if (at == n)
	{
		if (divided > 0)
			naive_form(w, form, k, o, 0, RS_DISGUISE_SPLIT);
		return;
	}
	form[k] = cp[at];
	divide(w, cp, n, at + 1, form, k + 1, divided, o);
	for (int i = 0; rs_split_parts(cp[at], i, &left, &right); i++)
	{
		form[k] = left;
		form[k + 1] = right;
		divide(w, cp, n, at + 1, form, k + 2, divided + 1, o);
	}
}

/*
 * Repeated characters: the runs of the text, each of at least the word's
 * length, one between the first and the last longer; from the first run's
 * first character to the last one's last.
 */
static void
repeated(int w, const uint32 *cp, int n, const RsMatcherOptions *o)
{
	uint32		run[200];
	int			length[200];
	int			runs = 0;
	bool		letters = o->whole_words;

	for (int i = 0; i < n; i++)
	{
		letters = letters && letter(cp[i]);
		if (i > 0 && cp[i] == cp[i - 1])
			length[runs - 1]++;
		else
		{
			run[runs] = cp[i];
			length[runs++] = 1;
		}
	}
	for (int s = 0; s < ntokens; s++)
	{
		int			t = s,
					j;
		bool		stretched = false;

		if (token[s].parts > 1 || (s > 0 && token[s - 1].parts == 1 && token[s].gap >= 0 && token[s - 1].cp == token[s].cp))
			continue;			/* not where a run begins */
		for (j = 0; j < runs; j++)
		{
			int			have = 0;

			while (t < ntokens && token[t].cp == run[j] && token[t].parts == 1 && (t == s || token[t].gap >= 0))
			{
				have++;
				t++;
			}
			if (have < length[j])
				break;
			stretched = stretched || (j > 0 && j < runs - 1 && have > length[j]);
		}
		if (j < runs || !stretched)
			continue;
		if (letters && ((token[s].ch > 0 && letter_char(token[s].ch - 1, true)) ||
						(token[t - 1].ch + 1 < nchars && letter_char(token[t - 1].ch + 1, false))))
			continue;
		{
			RsHit		h = {w, RS_DISGUISE_REPEAT, token[s].byte, token[t - 1].byte_end, token[s].ch, token[t - 1].ch + 1};

			collect(&want, &h);
		}
	}
}

static void
naive_forms(char **word, int nwords, const RsMatcherOptions *o)
{
	for (int w = 0; w < nwords; w++)
	{
		uint32		cp[200],
					form[1400];
		int			n = fold_word(word[w], cp);

		if (n > 0 && o->homophones)
			spell(w, cp, n, 0, form, 0, 0, 0, o);
		if (n > 0 && o->split_characters)
			divide(w, cp, n, 0, form, 0, 0, o);
		if (n > 0 && o->repeats)
			repeated(w, cp, n, o);
	}
}

static int
by_all(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(RsHit));
}

/* Two picks may make one form. */
static int
distinct(RsHit *hit, int n)
{
	int			k = 0;

	qsort(hit, n, sizeof(RsHit), by_all);
	for (int i = 0; i < n; i++)
		if (k == 0 || memcmp(&hit[i], &hit[k - 1], sizeof(RsHit)) != 0)
			hit[k++] = hit[i];
	return k;
}

/* For spelled, split and repeated forms: characters, their halves and letters of their readings. */
static const char *const formed[] = {
	"明", "日", "月", "理", "王", "里", "财", "贝", "才", "金", "融", "P", "2", "j", "i", "n", "r", "o", "g", "c", "a", "l", "m", "jin", "rong", "li", "cai", "ming",
	"er", "-", "，", "\xE2\x80\x8B", "㎡", "貝", "財", "２", "林", "木"
};

static const char *const alphabet[] = {
	"金", "金", "融", "⾦", "\xEF\xA4\x8A", "贷", "貸", "網", "网", "P", "p", "Ｐ", "2", "②", "二", "⑩", "1", "0", "a", "b",
	"-", "·", " ", "　", "，", "。", "\xE2\x80\x8B", "\xCC\x81", "今", "全", "企", "基", "㎡", "ﬀ", "f", "𝐏", "m"
};

/* Nearly all plain characters, some of every other kind between them. */
static char *
plain_text(int pieces)
{
	static const char *const plain[] = {"金", "融", "贷", "今", "全", "企", "基", "甲", "乙", "丙", "，", "。", "丁", "戊"};
	static const char *const odd[] = {"P", "2", "（", "\n", "é", "·", "　", "\xE2\x80\x8B", "𝐏", "㎡", ";", "x", "⾦", "貸"};
	char	   *s = malloc(pieces * 4 + 8);
	int			n = 0;
	int			rare = 1 << (1 + shim_random() % 7);

	for (int i = 0; i < pieces; i++)
	{
		const char *a = shim_random() % rare == 0 ? odd[shim_random() % lengthof(odd)] : plain[shim_random() % lengthof(plain)];

		strcpy(s + n, a);
		n += strlen(a);
	}
	s[n] = '\0';
	return s;
}

static char *
random_text(int pieces, bool marks, bool forms)
{
	char	   *s = malloc(pieces * 8 + 8);
	int			n = 0;
	const char *const *from = forms ? formed : alphabet;
	int			size = forms ? lengthof(formed) : lengthof(alphabet);

	for (int i = 0; i < pieces; i++)
	{
		const char *a;
		static const char *last;

		do
			a = from[shim_random() % size];
		while (!marks && (strchr("-· ", *a) != NULL || strcmp(a, "，") == 0));
		/* runs of few characters make words overlap */
		if (shim_random() % 3 == 0)
			a = from[shim_random() % 4];
		/* and repetitions runs */
		if (forms && n > 0 && i > 0 && shim_random() % 3 == 0)
			a = last;
		last = a;
		strcpy(s + n, a);
		n += strlen(a);
	}
	s[n] = '\0';
	return s;
}

/* Random text with words in it, their characters repeated, divided, spelled, apart. */
static char *
disguised_text(char **word, int nwords)
{
	char	   *s = malloc(16384);
	int			n = 0;

	for (int k = 1 + shim_random() % 4; k > 0; k--)
	{
		char	   *filler = random_text(shim_random() % 4, true, true);
		const char *w = word[shim_random() % nwords];
		const unsigned char *p = (const unsigned char *) w,
				   *end = p + strlen(w);
		bool		repeat = shim_random() % 2;

		n += sprintf(s + n, "%s", filler);
		free(filler);
		while (p < end)
		{
			uint32		folded[RS_FOLD_MAX],
						left,
						right;
			int			length,
						parts;
			uint32		cp = rs_utf8_decode(p, end, &length);

			rs_fold(cp, folded, &parts);
			if (!repeat && parts == 1 && shim_random() % 2 && rs_split_parts(folded[0], 0, &left, &right))
			{
				n += rs_utf8_encode(left, (unsigned char *) s + n);
				n += rs_utf8_encode(right, (unsigned char *) s + n);
			}
			else if (!repeat && parts == 1 && shim_random() % 3 == 0 && rs_reading(folded[0]))
				n += sprintf(s + n, "%s", rs_syllable(rs_reading(folded[0])));
			else
				for (int i = repeat ? shim_random() % 3 : 0; i >= 0; i--)
				{
					memcpy(s + n, p, length);
					n += length;
					if (shim_random() % 8 == 0)
						s[n++] = '-';
				}
			p += length;
		}
	}
	s[n] = '\0';
	return s;
}

static void
campaign(int rounds, const char *what, RsMatcherOptions base)
{
	int			bad = 0;
	long		hits = 0,
				disguised = 0;

	for (int round = 0; round < rounds && bad == 0; round++)
	{
		MemoryContext budget = AllocSetContextCreate(TopMemoryContext, "words", ALLOCSET_DEFAULT_SIZES);
		RsMatcherOptions o = base;
		RsMatcherBuilder *b;
		RsMatcher  *m;
		bool		forms = o.repeats || o.split_characters;
		int			nwords = 1 + shim_random() % (round % 10 == 0 ? (forms ? 40 : 800) : 8);
		char	   *word[800];
		bool		any;

		o.skip = shim_random() % 3;
		o.max_gap = shim_random() % 4;
		o.whole_words = shim_random() % 2;
		o.compact = shim_random() % 2;
		o.lean = shim_random() % 4 == 0;
		rs_skim_at_most(shim_random() % 3);
		b = rs_matcher_begin(budget, &o);
		for (int i = 0; i < nwords; i++)
		{
			word[i] = random_text((round % 3 ? 2 : 1) + shim_random() % 4, false, forms);
			rs_matcher_add(b, word[i], strlen(word[i]));
		}
		m = rs_matcher_finish(b);
		for (int t = 0; t < 24 && bad == 0; t++) /* odd ones are plain */
		{
			char	   *text = t % 2 && !forms ? plain_text(shim_random() % 300) :
				t % 2 ? disguised_text(word, nwords) : random_text(shim_random() % 40, true, forms);
			Size		n = strlen(text);
			unsigned char *copy;

			if (t % 8 == 7 && n > 0)
				n -= shim_random() % Min(n, 4);	/* cut inside a character */
			copy = malloc(n + (n == 0));		/* exact size: overruns are seen */
			memcpy(copy, text, n);
			memset(&got, 0, sizeof(int) + 0);
			got.n = want.n = 0;
			memset(got.hit, 0, sizeof(RsHit) * 200);
			tokenize(copy, n, &o);
			naive(word, nwords, &o, 0);
			any = want.n > 0;
			if (o.homophones)
				naive(word, nwords, &o, 1);
			if (o.look_alikes)
				naive(word, nwords, &o, 2);
			naive_forms(word, nwords, &o);
			rs_matcher_scan(m, copy, n, collect, &got);
			got.n = distinct(got.hit, got.n);
			want.n = distinct(want.hit, want.n);
			hits += want.n;
			for (int i = 0; i < want.n; i++)
				disguised += want.hit[i].disguise != 0;
			if (got.n != want.n || memcmp(got.hit, want.hit, sizeof(RsHit) * got.n) != 0 ||
				rs_matcher_has(m, copy, n) != (forms || o.homophones || o.look_alikes ? want.n > 0 : any))
			{
				bad++;
				printf("# round %d text %s: got %d want %d skip %d gap %d whole %d\n", round, text, got.n, want.n,
					   o.skip, o.max_gap, o.whole_words);
				for (int i = 0; i < Min(got.n, 10); i++)
					printf("# got  word %s %d..%d disguise %d\n", word[got.hit[i].word], (int) got.hit[i].start_char,
						   (int) got.hit[i].end_char, (int) got.hit[i].disguise);
				for (int i = 0; i < Min(want.n, 10); i++)
					printf("# want word %s %d..%d disguise %d\n", word[want.hit[i].word], (int) want.hit[i].start_char,
						   (int) want.hit[i].end_char, (int) want.hit[i].disguise);
			}
			free(copy);
			free(text);
		}
		for (int i = 0; i < nwords; i++)
			free(word[i]);
		MemoryContextDelete(budget);
	}
	tap_ok(bad == 0 && hits > rounds && (disguised > rounds / 4 || !(base.repeats || base.homophones || base.look_alikes || base.split_characters)),
		   "%s: %ld hits, %ld of them disguised, equal the naive matcher's", what, hits, disguised);
}

static RsMatcher *
make(MemoryContext budget, RsMatcherOptions o, const char *words)
{
	RsMatcherBuilder *b = rs_matcher_begin(budget, &o);
	char	   *copy = strdup(words);

	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		rs_matcher_add(b, w, strlen(w));
	free(copy);
	return rs_matcher_finish(b);
}

static void
expect(RsMatcher *m, const char *text, int start, int end, int disguise)
{
	got.n = 0;
	rs_matcher_scan(m, (const unsigned char *) text, strlen(text), collect, &got);
	got.n = got.n ? rs_hits_sort(got.hit, got.n) : 0;
	if (start < 0)
		tap_ok(got.n == 0, "no hit in %s", text);
	else
		tap_ok(got.n == 1 && got.hit[0].start_char == start && got.hit[0].end_char == end &&
			   got.hit[0].disguise == disguise, "%s: %d..%d, disguise %d (got %d: %d..%d, %d)", text, start, end, disguise,
			   got.n, (int) got.hit[0].start_char, (int) got.hit[0].end_char, (int) got.hit[0].disguise);
}

static MemoryContext small;

static void
too_much(void *arg)
{
	RsMatcherOptions o = {.fold = true};
	RsMatcherBuilder *b = rs_matcher_begin(small, &o);

	for (int i = 0; i < 100000; i++)
	{
		char		w[40];

		snprintf(w, sizeof(w), "x%dabcdefghijklmnop", i);
		rs_matcher_add(b, w, strlen(w));
	}
	rs_matcher_finish(b);
}

int
main(void)
{
	RsMatcherOptions plain = {.fold = true,.skip = RS_SKIP_SEPARATORS,.max_gap = 8,.whole_words = true};
	RsMatcherOptions o;
	MemoryContext budget;
	int			rounds = getenv("RS_LONG") && atoi(getenv("RS_LONG")) ? 30000 : 400;

	shim_init();
	shim_srandom(20160412);
	budget = AllocSetContextCreate(TopMemoryContext, "words", ALLOCSET_DEFAULT_SIZES);
	campaign(rounds, "exact", plain);
	o = plain;
	o.homophones = true;
	campaign(rounds / 4, "homophones", o);
	o = plain;
	o.look_alikes = true;
	campaign(rounds / 4, "look-alikes", o);

	o.look_alikes = false;
	o.repeats = true;
	campaign(rounds / 2, "repeats", o);
	o.repeats = false;
	o.split_characters = true;
	campaign(rounds / 2, "split characters", o);
	o.repeats = o.homophones = o.look_alikes = true;
	campaign(rounds / 2, "every disguise at once", o);
	{
		RsMatcher  *m = make(budget, o, "金融 理财 P2P 嘻嘻哈哈");

		expect(m, "x今融", 1, 3, RS_DISGUISE_HOMOPHONE);
		expect(m, "全融", 0, 2, RS_DISGUISE_LOOK_ALIKE);
		expect(m, "jinrong", 0, 7, RS_DISGUISE_PINYIN);
		expect(m, "金rong", 0, 5, RS_DISGUISE_PINYIN);
		expect(m, "beijinrong", -1, 0, 0);
		expect(m, "王里貝才", 0, 4, RS_DISGUISE_SPLIT);
		expect(m, "PPP2P", 2, 5, 0);
		expect(m, "P22P", 0, 4, RS_DISGUISE_REPEAT);
		expect(m, "嘻嘻哈哈", 0, 4, 0);
		expect(m, "嘻嘻嘻哈哈哈", 1, 5, 0);
		expect(m, "嘻哈", -1, 0, 0);
		expect(m, "金王融", -1, 0, 0);
	}
	{
		RsHit		h[4] = {{0, 0, 0, 6, 0, 2}, {1, 0, 0, 12, 0, 4}, {2, 0, 6, 18, 2, 6}, {0, 0, 0, 6, 0, 2}};
		RsHit		c[4];

		memcpy(c, h, sizeof(h));
		tap_ok(rs_hits_sort(c, 4) == 3, "repeated hits are one");
		memcpy(c, h, sizeof(h));
		tap_ok(rs_hits_maximal(c, 4) == 2 && c[0].word == 1 && c[1].word == 2, "maximal drops what lies inside");
		memcpy(c, h, sizeof(h));
		tap_ok(rs_hits_longest(c, 4) == 1 && c[0].word == 1, "longest: leftmost-longest, none overlapping");
	}
	{
		/* every byte value, cut everywhere */
		RsMatcher  *m;
		bool		fine = true;

		o.compact = true;
		m = make(budget, o, "金融 理财 P2P");

		for (int i = 0; i < 200000 / (rounds > 10000 ? 1 : 10); i++)
		{
			bool		nearly = i % 8 == 0;	/* mostly well-formed, long enough to be skimmed */
			Size		n = shim_random() % (nearly ? 300 : 24);
			unsigned char *t = malloc(n + (n == 0));

			for (Size j = 0; j < n; j++)
				t[j] = !nearly || shim_random() % 20 == 0 ? shim_random() : j % 3 == 0 ? 0xE4 + shim_random() % 6 : 0x80 | shim_random();
			rs_skim_at_most(i % 16 == 0 ? RS_SKIM_PORTABLE : i % 16 < 8 ? RS_SKIM_SSE41 : RS_SKIM_AVX2);
			got.n = 0;
			rs_matcher_scan(m, t, n, collect, &got);
			for (int j = 0; j < got.n; j++)
				fine = fine && got.hit[j].end_byte <= n && got.hit[j].start_byte < got.hit[j].end_byte;
			rs_matcher_has(m, t, n);
			free(t);
		}
		rs_skim_at_most(RS_SKIM_AVX2);
		tap_ok(fine, "random bytes: hits stay inside the text");
	}
	small = AllocSetContextCreate(TopMemoryContext, "small", ALLOCSET_DEFAULT_SIZES);
	rs_max_memory_kb = 2048;
	tap_ok(shim_catches(too_much, NULL) && shim_sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		   "a list over the memory limit is refused: %s", shim_message);
	return tap_done();
}
