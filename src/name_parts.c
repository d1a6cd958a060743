/*
 * src/name_parts.c
 *	  The parts of an enterprise's name: region, trade name, industry, form, branch.
 *
 * Names are read as the registration rules build them (企业名称登记管理规定 Art 6,
 * 7, 13): region + trade name + industry + form, the region possibly in a
 * bracket after the trade name or the industry; what follows the form is the
 * branch. Work is done on folded characters with their places in the original.
 *
 *	 region		longest names at the start; each next one must lie inside the
 *				one before (codes of GB/T 2260), so 永安 after 北京 is no region
 *	 form		up to the first ...公司, else the longest form at the end
 *	 industry	longest industry words at the end of what is left, again and
 *				again, while two characters remain for the trade name (Art 8)
 *
 * Vocabulary: sorted folded words with binary search, made once per backend
 * from data/ (about 5,000 words, 300 kB). No database access; a pure function
 * of the name and this version's vocabulary.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "folding.h"
#include "lexicon.h"
#include "pg_compat.h"
#include "name_parts.h"
#include "rs_memory.h"

typedef struct RsNameWord
{
	const char *word;
	const char *value;			/* region: code; industry: class of same meaning */
} RsNameWord;

#include "name_words.h"

typedef struct Word
{
	char	   *folded;
	int			length;
	const char *value;
	bool		short_form;		/* region without 市, 县 ... */
} Word;

typedef struct Vocabulary
{
	Word	   *word;
	int			n;
	int			longest;		/* bytes */
} Vocabulary;

static Vocabulary regions,
			industries,
			forms;
static bool ready = false;

/* A folded character of the name. */
typedef struct Token
{
	uint64		ch;				/* its character's number */
	Size		byte;			/* and bytes */
	Size		byte_end;
	int			at;				/* offset in the folded string */
	char		bracket;		/* '(' or ')' instead of a character */
} Token;

static int
compare_words(const void *a, const void *b)
{
	const Word *x = a,
			   *y = b;
	int			c = memcmp(x->folded, y->folded, Min(x->length, y->length));

	if (c != 0)
		return c;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	c = strcmp(x->value, y->value);
	return c != 0 ? c : x->short_form - y->short_form;
}

static void
add_word(Vocabulary *v, const char *s, int length, const char *value, bool short_form)
{
	Word	   *w = &v->word[v->n++];

	w->folded = rs_fold_bytes(s, length, &w->length);
	w->value = value;
	w->short_form = short_form;
	v->longest = Max(v->longest, w->length);
}

static void
prepare(void)
{
	static const char *const endings[] = {
		"特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市", "地区", "盟", "县", "旗", "区"
	};
	static const char *const national[] = {"中国", "中华", "全国", "国家", "中央"};
	MemoryContext context,
				old;

	if (ready)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "risk_screen name words", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	regions.n = industries.n = forms.n = 0;
	regions.word = palloc(sizeof(Word) * (lengthof(word_regions) * 2 + lengthof(national)));
	industries.word = palloc(sizeof(Word) * lengthof(word_name_industries));
	forms.word = palloc(sizeof(Word) * lengthof(word_name_forms));
	for (int i = 0; i < lengthof(national); i++)
		add_word(&regions, national[i], strlen(national[i]), "", true);
	for (int i = 0; i < lengthof(word_regions); i++)
	{
		const char *s = word_regions[i].word;
		int			n = strlen(s);

		add_word(&regions, s, n, word_regions[i].value, false);
		for (int e = 0; e < lengthof(endings); e++)
		{
			int			k = strlen(endings[e]);

			/* two characters must be left; districts keep theirs (朝阳区) */
			if (n - k >= 6 && memcmp(s + n - k, endings[e], k) == 0)
			{
				/* 阿里, 和田 are trade names more often than 阿里地区, 和田地区 */
				if (strcmp(endings[e], "区") != 0 && strcmp(endings[e], "地区") != 0 && strcmp(endings[e], "盟") != 0)
					add_word(&regions, s, n - k, word_regions[i].value, true);
				break;
			}
		}
	}
	for (int i = 0; i < lengthof(word_name_industries); i++)
		add_word(&industries, word_name_industries[i].word, strlen(word_name_industries[i].word),
				 word_name_industries[i].value, false);
	for (int i = 0; i < lengthof(word_name_forms); i++)
		add_word(&forms, word_name_forms[i].word, strlen(word_name_forms[i].word), "", false);
	qsort(regions.word, regions.n, sizeof(Word), compare_words);
	qsort(industries.word, industries.n, sizeof(Word), compare_words);
	qsort(forms.word, forms.n, sizeof(Word), compare_words);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, TopMemoryContext);
	ready = true;
}

/* First word equal to s[0 .. length), or -1; equal ones follow it. */
static int
find_word(const Vocabulary *v, const char *s, int length)
{
	int			lo = 0,
				hi = v->n;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;
		const Word *w = &v->word[mid];
		int			c = memcmp(w->folded, s, Min(w->length, length));

		if (c == 0)
			c = w->length - length;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < v->n && v->word[lo].length == length && memcmp(v->word[lo].folded, s, length) == 0)
		return lo;
	return -1;
}

static bool
same_word(const Vocabulary *v, int i, const char *s, int length)
{
	return i < v->n && v->word[i].length == length && memcmp(v->word[i].folded, s, length) == 0;
}

/*
 * Code of the division of that very name among those whose codes begin with
 * `within`; of several, what their codes have in common, or "?".
 */
static bool
region_word(const char *s, int length, const char *within, char code[8], bool *several)
{
	code[0] = '\0';
	*several = false;
	for (int i = find_word(&regions, s, length); i >= 0 && same_word(&regions, i, s, length); i++)
	{
		const char *other = regions.word[i].value;
		int			common = 0;

		/* 中国, 全国 are no registers */
		if (other[0] == '\0' || strncmp(other, within, strlen(within)) != 0)
			continue;
		if (code[0] == '\0')
			strlcpy(code, other, 8);
		else if (strcmp(code, other) != 0)
			*several = true;
		while (code[common] != '\0' && code[common] == other[common] && code[common + 1] == other[common + 1])
			common += 2;
		code[common] = '\0';
		if (common == 0)
		{
			strlcpy(code, "?", 8);
			break;
		}
	}
	return code[0] != '\0';
}

typedef struct RegionAnswer
{
	int			length;			/* of the text asked about, 0: none yet */
	char		text[64];
	char		code[8];
	bool		exact;			/* the text holds nothing but one division */
} RegionAnswer;

/*
 * GB/T 2260 code of the division the text begins with, full or short, the
 * longest that fits: "" if it begins with none, as 中国; of a name that several
 * have, what their codes begin with, "?" if they lie in several provinces
 * (朝阳区). Answers are kept: a register holds few provinces, and each is
 * compared with the places of all lists.
 */
static const RegionAnswer *
region_code(const text *region)
{
	static RegionAnswer kept[64],
				longer;
	const char *s = VARDATA_ANY(region);
	int			n = VARSIZE_ANY_EXHDR(region),
				length;
	RegionAnswer *answer = &longer;
	char	   *folded;

	if (n <= (int) sizeof(answer->text))
	{
		uint32		slot = n;

		for (int i = 0; i < n; i++)
			slot = slot * 31 + (unsigned char) s[i];
		answer = &kept[slot % lengthof(kept)];
		if (n > 0 && n == answer->length && memcmp(s, answer->text, n) == 0)
			return answer;
	}
	prepare();
	answer->length = 0;
	answer->code[0] = '\0';
	answer->exact = true;
	folded = rs_fold_bytes(s, n, &length);
	/* 浙江省杭州市: as far as each lies in the one before */
	for (int at = 0, end; at < length; at = end)
	{
		end = at;
		for (int k = Min(length - at, regions.longest); k > 0 && end == at; k--)
		{
			char		found[8];
			bool		several;

			if (region_word(folded + at, k, answer->code, found, &several))
			{
				answer->exact = !several;
				strlcpy(answer->code, found, sizeof(answer->code));
				end = at + k;
			}
		}
		if (end == at)
		{
			answer->exact = false;
			break;
		}
	}
	pfree(folded);
	if (answer != &longer)
	{
		memcpy(answer->text, s, n);
		answer->length = n;
	}
	return answer;
}

/* Does the text begin with a division of China of one province? */
RsRegionKind
rs_known_region(const text *region)
{
	const char *code = region_code(region)->code;

	return code[0] == '\0' ? RS_REGION_NONE : code[0] == '?' ? RS_REGION_SEVERAL : RS_REGION_ONE;
}

/*
 * How a region lies to the place a list holds in: by codes (海南藏族自治州 is not
 * in 海南). A place that is no division, as 上海自由贸易试验区, is compared as
 * written; a region that its first part may lie in is around it.
 */
RsRegionRelation
rs_region_relation(const text *region, const text *place)
{
	RegionAnswer inner = *region_code(region);
	const RegionAnswer *outer = region_code(place);
	int			ni = strlen(inner.code),
				no = strlen(outer->code),
				np = VARSIZE_ANY_EXHDR(place);
	bool		coded = inner.code[0] >= '0' && inner.code[0] <= '9' && outer->code[0] >= '0' && outer->code[0] <= '9';

	if (coded && outer->exact && ni >= no && memcmp(inner.code, outer->code, no) == 0)
		return RS_REGION_WITHIN;
	if (!(coded && outer->exact) && np > 0 && (int) VARSIZE_ANY_EXHDR(region) >= np && memcmp(VARDATA_ANY(region), VARDATA_ANY(place), np) == 0)
		return RS_REGION_WITHIN;
	return coded && memcmp(inner.code, outer->code, Min(ni, no)) == 0 ? RS_REGION_AROUND : RS_REGION_APART;
}

typedef struct NameText
{
	char	   *folded;
	int			length;
	Token	   *token;
	int			n;
} NameText;

static void
read_name(NameText *name, const unsigned char *s, Size length)
{
	const unsigned char *p = s,
			   *end = s + length;
	uint64		ch = 0;
	uint64		bytes_cap = length + RS_FOLD_MAX * 4 + 1,
				tokens_cap = length / 2 + RS_FOLD_MAX + 8;	/* letters of one byte make it grow */

	/* a name is short; somebody's page of text in its column is not */
	name->folded = MemoryContextAllocHuge(CurrentMemoryContext, bytes_cap);
	name->token = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Token) * tokens_cap);
	name->length = name->n = 0;
	while (p < end)
	{
		uint32		folded[RS_FOLD_MAX];
		int			bytes,
					k;
		uint32		cp = rs_utf8_decode(p, end, &bytes);
		RsFoldKind	kind = cp == RS_BAD_CHARACTER ? RS_FOLD_IGNORABLE : rs_fold(cp, folded, &k);
		Token		t = {ch++, p - s, p - s + bytes, name->length, 0};

		p += bytes;
		if (name->length + (uint64) RS_FOLD_MAX * 4 + 1 > bytes_cap)
			name->folded = rs_grow(CurrentMemoryContext, name->folded, &bytes_cap, name->length + (uint64) RS_FOLD_MAX * 4 + 1, 1, "the parts of a name");
		if (name->n + (uint64) RS_FOLD_MAX + 1 > tokens_cap)
			name->token = rs_grow(CurrentMemoryContext, name->token, &tokens_cap, name->n + (uint64) RS_FOLD_MAX + 1, sizeof(Token), "the parts of a name");
		if ((ch & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (kind == RS_FOLD_TEXT)
			for (int i = 0; i < k; i++)
			{
				t.at = name->length;
				name->length += rs_utf8_encode(folded[i], (unsigned char *) name->folded + name->length);
				name->token[name->n++] = t;
			}
		else if (cp == '(' || cp == 0xFF08 || cp == '[' || cp == 0x3010 || cp == 0x3014)
		{
			t.bracket = '(';
			name->token[name->n++] = t;
		}
		else if (cp == ')' || cp == 0xFF09 || cp == ']' || cp == 0x3011 || cp == 0x3015)
		{
			t.bracket = ')';
			name->token[name->n++] = t;
		}
	}
	name->folded[name->length] = '\0';
	name->token[name->n].at = name->length;
}

static inline int
bytes_between(const NameText *name, int from, int to)
{
	return name->token[to].at - name->token[from].at;
}

static bool
plain_between(const NameText *name, int from, int to)
{
	for (int i = from; i < to; i++)
		if (name->token[i].bracket)
			return false;
	return true;
}

/* Tokens of the longest word of v that begins at token `from` and ends by `to`. */
static int
longest_at(const Vocabulary *v, const NameText *name, int from, int to, int *word)
{
	int			last = from;

	while (last < to && !name->token[last].bracket && bytes_between(name, from, last + 1) <= v->longest)
		last++;
	for (int i = last; i > from; i--)
	{
		int			w = find_word(v, name->folded + name->token[from].at, bytes_between(name, from, i));

		if (w >= 0)
		{
			*word = w;
			return i - from;
		}
	}
	return 0;
}

/* Tokens of the longest word of v that ends before token `to` and begins at or after `from`. */
static int
longest_before(const Vocabulary *v, const NameText *name, int from, int to)
{
	int			first = to;

	while (first > from && !name->token[first - 1].bracket && bytes_between(name, first - 1, to) <= v->longest)
		first--;
	for (int i = first; i < to; i++)
		if (find_word(v, name->folded + name->token[i].at, bytes_between(name, i, to)) >= 0)
			return to - i;
	return 0;
}

static void
set_span(RsSpan *span, const NameText *name, int from, int to)
{
	/* brackets around nothing are no part */
	if (from >= to || bytes_between(name, from, to) == 0)
		return;
	span->start = name->token[from].byte;
	span->end = name->token[to - 1].byte_end;
	span->start_char = name->token[from].ch;
	span->end_char = name->token[to - 1].ch + 1;
}

/* Region names from token `from` on; each inside the one before. Returns how many tokens, and where the last begins. */
static int
read_regions(const NameText *name, int from, int to, bool whole, int *last)
{
	int			at = from,
				previous = from;
	const char *inside = "";

	for (int level = 0; level < 3; level++)
	{
		int			word = 0;
		int			k = longest_at(&regions, name, at, to, &word);
		const char *s = name->folded + name->token[at].at;
		const char *code = NULL;

		if (k == 0)
			break;
		for (int i = word; same_word(&regions, i, s, bytes_between(name, at, at + k)); i++)
		{
			const char *c = regions.word[i].value;

			/* Hainan's and others' counties stand directly below the province */
			if (strncmp(c, inside, Min(strlen(inside), 4)) == 0 ||
				(strlen(inside) >= 2 && strncmp(c, inside, 2) == 0 && strlen(inside) == 2))
			{
				if (code == NULL || strlen(c) < strlen(code))
					code = c;
			}
		}
		if (code == NULL)
			break;
		/* two characters must remain for the trade name */
		if (!whole && to - (at + k) < 2)
			break;
		previous = at;
		at += k;
		inside = code;
		/* 江苏省 may be written 江苏 + 省 when only the short form matched */
		if (strlen(code) == 6 || *code == '\0')
			break;
	}
	if (last != NULL)
		*last = previous;
	return at - from;
}

/* Split a name; spans that are absent are empty. */
void
rs_name_split(const unsigned char *s, Size length, RsNameParts *parts)
{
	static const char company[] = "公司";
	NameText		name;
	int			region_end,
				last_region,
				core_end,
				form_from,
				parent_end,
				at,
				industry_from;

	prepare();
	memset(parts, 0, sizeof(*parts));
	read_name(&name, s, length);

	/* the parent ends with its first 公司; behind it stands the branch */
	parent_end = name.n;
	for (int i = 0; i + 2 <= name.n; i++)
		if (!name.token[i].bracket && !name.token[i + 1].bracket &&
			bytes_between(&name, i, i + 2) == 6 &&
			memcmp(name.folded + name.token[i].at, company, 6) == 0 && i >= 2)
		{
			parent_end = i + 2;
			/* 公司(有限合伙), 公司(集团): a bracket behind that is no region belongs to it */
			break;
		}
	set_span(&parts->branch, &name, parent_end, name.n);

	region_end = read_regions(&name, 0, parent_end, false, &last_region);
	/* 大连有限公司, 吉林吉林有限公司: a name is not of a place and a form alone */
	if (region_end > 0 && region_end < parent_end)
	{
		const char *rest = name.folded + name.token[region_end].at;
		int			n = bytes_between(&name, region_end, parent_end);

		if (n >= 6 && memcmp(rest + n - 6, company, 6) == 0 && find_word(&forms, rest, n) >= 0)
			region_end = last_region;
	}

	/* form, with brackets as in (有限合伙) and (集团) */
	form_from = parent_end;
	for (;;)
	{
		int			end = form_from;
		int			k;

		if (end > region_end && name.token[end - 1].bracket == ')')
		{
			int			open = end - 1;

			while (open > region_end && name.token[open].bracket != '(')
				open--;
			if (name.token[open].bracket != '(')
				break;
			k = end - 1 - (open + 1);
			if (k <= 0 || find_word(&forms, name.folded + name.token[open + 1].at,
									bytes_between(&name, open + 1, end - 1)) < 0)
				break;
			form_from = open;
			continue;
		}
		k = longest_before(&forms, &name, region_end, end);
		if (k == 0 || end - k - region_end < 2)
			break;
		if (form_from < parent_end && name.token[form_from].bracket != '(' &&
			!name.token[end].bracket)
			break;				/* one plain form is enough */
		form_from = end - k;
	}
	set_span(&parts->form, &name, form_from, parent_end);
	core_end = form_from;
	at = region_end;

	/* a bracket in the middle: a region there counts as the name's region */
	for (int open = at; open < core_end; open++)
	{
		int			close;

		if (name.token[open].bracket != '(')
			continue;
		for (close = open + 1; close < core_end && name.token[close].bracket != ')'; close++)
			;
		if (close < core_end && close > open + 1 && plain_between(&name, open + 1, close) &&
			read_regions(&name, open + 1, close, true, NULL) == close - open - 1)
		{
			if (region_end == 0)
				set_span(&parts->region, &name, open + 1, close);
			set_span(&parts->region_bracket, &name, open, close + 1);
			if (open == at)		/* (北京)红光...: the core begins behind it */
				at = close + 1;
			else if (close + 1 == core_end)
				core_end = open;
			else
			{
				/* trade name (region) industry */
				set_span(&parts->trade_name, &name, at, open);
				set_span(&parts->industry, &name, close + 1, core_end);
				set_span(&parts->region, &name, 0, region_end);
				if (region_end == 0)
					set_span(&parts->region, &name, open + 1, close);
				goto done;
			}
		}
		break;
	}
	/* 北京银行, 上海医药: what is left names the business, so the place is the trade name */
	if (at == region_end && region_end > 0 && core_end > at && plain_between(&name, at, core_end) &&
		find_word(&industries, name.folded + name.token[at].at, bytes_between(&name, at, core_end)) >= 0)
		at = region_end = last_region;
	if (region_end > 0)
		set_span(&parts->region, &name, 0, region_end);

	industry_from = core_end;
	for (;;)
	{
		int			k = longest_before(&industries, &name, at, industry_from);

		/* the trade name keeps two characters: try shorter words */
		while (k > 0 && industry_from - k - at < 2)
		{
			int			from = industry_from - k + 1;

			k = longest_before(&industries, &name, from, industry_from);
		}
		if (k == 0)
			break;
		industry_from -= k;
	}
	set_span(&parts->trade_name, &name, at, industry_from);
	set_span(&parts->industry, &name, industry_from, core_end);
done:
	pfree(name.folded);
	pfree(name.token);
}

/*
 * A branch that carries on its parent's business says so at its end; another
 * (宾馆, 服务站, 加工厂) has a business of its own.
 */
static bool
same_business(const unsigned char *branch, Size length)
{
	static const char *const ending[] = {
		"公司", "分行", "支行", "办事处", "代表处", "分部", "营业部", "事业部", "分理处", "分社", "分中心", "分所"
	};

	int			bytes;

	/* (原北京地铁集团有限责任公司) is no branch */
	if (length > 0 && rs_clause_mark(rs_utf8_decode(branch, branch + length, &bytes)) == RS_MARK_OPEN)
		return true;
	for (int i = 0; i < lengthof(ending); i++)
	{
		Size		n = strlen(ending[i]);

		if (length >= n && memcmp(branch + length - n, ending[i], n) == 0)
			return true;
	}
	return false;
}

/* The part in which characters [start_char, end_char) end; 0 if in none. */
int
rs_name_place(const RsNameParts *parts, const unsigned char *name, uint64 start_char, uint64 end_char)
{
	const RsSpan *span[] = {&parts->region, &parts->trade_name, &parts->industry, &parts->form, &parts->branch};

	for (int i = lengthof(span) - 1; i >= 0; i--)
		if (span[i]->end_char > span[i]->start_char &&
			end_char > span[i]->start_char && end_char <= span[i]->end_char)
		{
			const RsSpan *branch = &parts->branch;

			if (i < 4 && branch->end_char > branch->start_char &&
				!same_business(name + branch->start, branch->end - branch->start))
				return RS_PLACE_PARENT;
			return 1 << i;
		}
	return 0;
}

/* The folded text of a part, palloc'd. */
char *
rs_name_part(const unsigned char *name, const RsSpan *span, int *length)
{
	return rs_fold_bytes((const char *) name + span->start, span->end - span->start, length);
}

/* Toneless pinyin of folded text, a blank after each syllable; other characters stay. */
char *
rs_pinyin_key(const char *folded, int length)
{
	const unsigned char *p = (const unsigned char *) folded,
			   *end = p + length;
	/* two bytes become seven at most: a syllable and its blank */
	char	   *out = MemoryContextAllocHuge(CurrentMemoryContext, (Size) length * 4 + 1);
	int			n = 0;

	while (p < end)
	{
		int			bytes;
		uint32		cp = rs_utf8_decode(p, end, &bytes);
		int			reading = cp == RS_BAD_CHARACTER || cp < 0x80 ? 0 : rs_reading(cp);

		if (reading != 0)
		{
			const char *s = rs_syllable(reading);

			memcpy(out + n, s, strlen(s));
			n += strlen(s);
		}
		else
		{
			memcpy(out + n, p, bytes);
			n += bytes;
		}
		out[n++] = ' ';
		p += bytes;
	}
	out[n] = '\0';
	return out;
}

/* Representative of the industry words of the same meaning; the text itself if it has none. */
char *
rs_industry_class(const char *folded, int length, int *class_length)
{
	int			w;

	prepare();
	w = find_word(&industries, folded, length);
	if (w >= 0 && *industries.word[w].value)
		return rs_fold_bytes(industries.word[w].value, strlen(industries.word[w].value), class_length);
	*class_length = length;
	return pnstrdup(folded, length);
}
