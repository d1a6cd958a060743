/*
 * src/names_screen.c
 *	  SQL functions on business scopes and advertisements.
 *
 * scope_items() cuts a scope where registries do. screen_ad() asks four
 * questions of an advertisement: which claims it makes (words of the advert
 * lists, negation heeded), which yields it names (a yield word with a number
 * and a unit near it), which licensed business it speaks of without a licence,
 * and whether a risk notice stands near every claim, yield and product of
 * which a return is expected.
 */
#include "pg_compat.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "folding.h"
#include "lexicon.h"

/* How far a number may stand from its yield word, in characters. */
#define YIELD_REACH 10

static bool
is_item_mark(uint32 cp)
{
	return cp == 0x3001 || cp == ':' || cp == 0xFF1A ||
		rs_clause_mark(cp) == RS_MARK_COMMA || rs_clause_mark(cp) == RS_MARK_SENTENCE;
}

static bool
is_blank(uint32 cp)
{
	return cp == ' ' || cp == '\t' || cp == 0x3000 || cp == 0xA0 || cp == '.' || cp == 0xFF03 || cp == '#';
}

static bool
ends_with(const char *s, Size n, const char *end)
{
	Size		k = strlen(end);

	return n >= k && memcmp(s + n - k, end, k) == 0;
}

/* scope_items(scope text) -> setof (item_no, item, started, ended) */
PG_FUNCTION_INFO_V1(rs_scope_items);
Datum
rs_scope_items(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	text	   *scope = PG_GETARG_TEXT_PP(0);
	const unsigned char *s = (const unsigned char *) VARDATA_ANY(scope),
			   *end = s + VARSIZE_ANY_EXHDR(scope),
			   *p = s;
	const unsigned char *from = NULL,
			   *to = NULL;		/* the item, blanks around it left out */
	uint64		ch = 0,
				from_ch = 0,
				to_ch = 0;
	int			depth = 0,
				number = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("text functions of risk_screen need a database with encoding UTF8")));
	for (;;)
	{
		int			bytes = 0;
		uint32		cp = p < end ? rs_utf8_decode(p, end, &bytes) : 0;
		RsMark		mark = p < end ? rs_clause_mark(cp) : RS_MARK_NONE;

		/* an unclosed bracket ends with its sentence */
		if (mark == RS_MARK_SENTENCE)
			depth = 0;
		if (p >= end || (depth == 0 && is_item_mark(cp)))
		{
			bool		heading = from != NULL && p < end && (cp == ':' || cp == 0xFF1A) &&
				(ends_with((const char *) from, to - from, "项目") || ends_with((const char *) from, to - from, "范围"));

			if (from != NULL && !heading)
			{
				Datum		values[4];
				bool		nulls[4] = {0};

				values[0] = Int32GetDatum(++number);
				values[1] = PointerGetDatum(cstring_to_text_with_len((const char *) from, to - from));
				values[2] = Int32GetDatum(rs_position(from_ch + 1));
				values[3] = Int32GetDatum(rs_position(to_ch));
				tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
			}
			from = NULL;
			if (p >= end)
				break;
		}
		else if (from != NULL || !is_blank(cp))
		{
			if (from == NULL)
			{
				from = p;
				from_ch = ch;
			}
			if (!is_blank(cp))
			{
				to = p + bytes;
				to_ch = ch + 1;
			}
			if (mark == RS_MARK_OPEN)
				depth++;
			else if (mark == RS_MARK_CLOSE && depth > 0)
				depth--;
		}
		p += bytes;
		ch++;
		if ((ch & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}

/* ---- numbers ---- */

static int
digit_of(uint32 cp)
{
	uint32		folded[RS_FOLD_MAX];
	int			n;

	if (cp == 0x4E24 || cp == 0x5169)	/* 两, 兩 */
		return 2;
	if (rs_fold(cp, folded, &n) == RS_FOLD_TEXT && n == 1 && folded[0] >= '0' && folded[0] <= '9')
		return folded[0] - '0';
	return -1;
}

static bool
is_percent(uint32 cp)
{
	return cp == '%' || cp == 0xFF05 || cp == 0xFE6A;
}

/*
 * What a 分 of interest is in percent: of a year ten (年息一分), of a month one
 * (月息一分), of a day a tenth (日息一分); without a period, as of a month.
 */
static double
cent_of(const text *word)
{
	int			bytes;
	uint32		cp = VARSIZE_ANY_EXHDR(word) > 0
		? rs_utf8_decode((const unsigned char *) VARDATA_ANY(word), (const unsigned char *) VARDATA_ANY(word) + VARSIZE_ANY_EXHDR(word), &bytes) : 0;

	return cp == 0x5E74 ? 10 : cp == 0x65E5 ? 0.1 : 1;	/* 年, 日 */
}

/* What a unit of yield is in percent, 0 if it is none: %, 点, 分, 厘, 成, ‰, 倍. */
static double
unit_of(uint32 cp, double cent)
{
	switch (cp)
	{
		case 0x70B9:			/* 点 */
			return 1;
		case 0x5206:			/* 分 */
			return cent;
		case 0x5398:			/* 厘 */
			return cent / 10;
		case 0x6210:			/* 成 */
			return 10;
		case 0x2030:			/* ‰ */
			return 0.1;
		case 0x500D:			/* 倍 */
			return 100;
		default:
			return is_percent(cp) ? 1 : 0;
	}
}

static bool
is_range(uint32 cp)
{
	return cp == '-' || cp == '~' || cp == 0x301C || cp == 0xFF5E || cp == 0x2014 || cp == 0x2013 ||
		cp == 0x81F3 || cp == 0x5230;	/* 至, 到 */
}

/* A text being read character by character; 0 at its end. */
typedef struct Reader
{
	const unsigned char *p,
			   *end;
	uint64		chars;			/* read */
} Reader;

static uint32
peek(const Reader *r, int *bytes)
{
	*bytes = 0;
	return r->p < r->end ? rs_utf8_decode(r->p, r->end, bytes) : 0;
}

static void
step(Reader *r, int bytes)
{
	r->p += bytes;
	r->chars++;
}

static bool
accept(Reader *r, uint32 cp)
{
	int			bytes;

	if (peek(r, &bytes) != cp || bytes == 0)
		return false;
	step(r, bytes);
	return true;
}

static void
skip_blanks(Reader *r)
{
	int			bytes;
	uint32		cp;

	while (cp = peek(r, &bytes), cp == ' ' || cp == 0xA0 || cp == 0x3000)
		step(r, bytes);
}

static bool
begins(const Reader *r, const char *word)
{
	Size		n = strlen(word);

	return (Size) (r->end - r->p) >= n && memcmp(r->p, word, n) == 0;
}

/* Blanks and then a digit that stands alone: 1 2 % is written to be overlooked, 第 3 12% is not. */
static bool
spaced_digit(const Reader *r)
{
	Reader		ahead = *r;
	int			bytes;

	skip_blanks(&ahead);
	if (ahead.p == r->p || digit_of(peek(&ahead, &bytes)) < 0)
		return false;
	step(&ahead, bytes);
	return digit_of(peek(&ahead, &bytes)) < 0;
}

/* 12, 12.5, １２, 1 2, 八点五, 十二, 二十, 一百二十: digits of any style, tens and hundreds. */
static bool
read_number(Reader *r, double *value)
{
	double		whole = 0,		/* hundreds and tens done with */
				part = 0,		/* digits since */
				scale = 0;		/* of the next digit behind the point */
	bool		any = false;
	int			group = 0;		/* digits since the last blank */

	for (;;)
	{
		int			bytes;
		uint32		cp = peek(r, &bytes);
		int			d = bytes > 0 ? digit_of(cp) : -1;

		if (d >= 0)
		{
			if (scale > 0)
			{
				part += d * scale;
				scale /= 10;
			}
			else
				part = part * 10 + d;
			any = true;
			group++;
			if (part > 1e9)
				return false;
		}
		else if (cp == 0x767E && any && begins(r, "百分"))
			break;				/* 12百分点 */
		else if ((cp == 0x5341 || cp == 0x767E) && scale == 0)	/* 十, 百 */
		{
			/* 十二 begins with the ten itself */
			whole += (any && part > 0 ? part : 1) * (cp == 0x5341 ? 10 : 100);
			part = 0;
			any = true;
		}
		else if ((cp == '.' || cp == 0xFF0E || (cp == 0x70B9 && any)) && scale == 0)
		{
			/* a point only with a digit behind it */
			Reader		ahead = *r;
			int			more;

			step(&ahead, bytes);
			cp = peek(&ahead, &more);
			if (more == 0 || digit_of(cp) < 0)
				break;
			scale = 0.1;
		}
		else if (group == 1 && spaced_digit(r))
		{
			skip_blanks(r);
			group = 0;
			continue;
		}
		else
			break;
		step(r, bytes);
	}
	*value = whole + part;
	return any;
}

/* 百分之, 千分之, 万分之 before a number; 万 alone if `bare` (日息万五). */
static double
read_fraction(Reader *r, bool bare)
{
	Reader		at = *r;
	double		unit = accept(&at, 0x767E) ? 1 : accept(&at, 0x5343) ? 0.1 : accept(&at, 0x4E07) ? 0.01 : 0;

	if (unit == 0)
		return 0;
	if (accept(&at, 0x5206) ? !accept(&at, 0x4E4B) : !(bare && unit == 0.01))
		return 0;
	*r = at;
	return unit;
}

/*
 * A yield at p, in percent: a number with a unit behind or a fraction before it;
 * of a range (8-12%, 8%至12%) the largest. `bare`: right behind the yield word;
 * `cent`: what a 分 is.
 */
static bool
read_yield(const unsigned char *p, const unsigned char *end, bool bare, double cent, const unsigned char **after,
		   uint64 *chars, char *number, int size)
{
	Reader		r = {p, end, 0},
				done = {NULL};
	double		largest = -1,
				pending = -1;	/* largest number of the range without a unit yet */

	for (;;)
	{
		double		value,
					unit = read_fraction(&r, bare);
		int			bytes;
		bool		digits = digit_of(peek(&r, &bytes)) >= 0;

		if (!read_number(&r, &value))
			break;
		pending = Max(pending, value);
		if (unit == 0)
		{
			Reader		at = r;

			skip_blanks(&at);
			accept(&at, 0x4E2A);	/* 个点, 个百分点 */
			if (begins(&at, "百分点"))
				for (unit = 1; !accept(&at, 0x70B9);)
				{
					peek(&at, &bytes);
					step(&at, bytes);
				}
			else if ((unit = unit_of(peek(&at, &bytes), cent)) > 0)
			{
				uint32		cp = peek(&at, &bytes);
				bool		cents = cp == 0x5206;
				Reader		tenths;
				int			d;

				step(&at, bytes);
				/* 8成立 is no eight tenths */
				if (cp == 0x6210 && (begins(&at, "立") || begins(&at, "功") || begins(&at, "员") || begins(&at, "为") || begins(&at, "交")))
					break;
				/* 十分可观, 百分百 and 一分钟 are no yields */
				if (cents && (!digits || peek(&at, &bytes) == 0x949F))
					break;
				/* 一分五, 八厘五, 两成半: and tenths of it */
				tenths = at;
				d = peek(&tenths, &bytes) == 0x534A ? 5 : digit_of(peek(&tenths, &bytes));
				if ((cents || cp == 0x5398 || cp == 0x6210) && d >= 0)
				{
					step(&tenths, bytes);
					if (cents)
						accept(&tenths, 0x5398);	/* 二分三厘 */
					if (digit_of(peek(&tenths, &bytes)) < 0 && unit_of(peek(&tenths, &bytes), cent) == 0)
					{
						pending = Max(pending, value + d / 10.0);
						at = tenths;
					}
				}
			}
			if (unit > 0)
				r = at;
		}
		if (unit > 0)
		{
			largest = Max(largest, pending * unit);
			pending = -1;
			done = r;
		}
		skip_blanks(&r);
		if (!is_range(peek(&r, &bytes)))
			break;
		step(&r, bytes);
		skip_blanks(&r);
	}
	if (done.p == NULL)
		return false;
	*after = done.p;
	*chars = done.chars;
	snprintf(number, size, "%.10g", largest);
	return true;
}

typedef struct Output
{
	ReturnSetInfo *rsinfo;
	const unsigned char *body;
	const RsFinding *notice;	/* risk notices of the text, by place, none inside another */
	int			nnotices;
	int64		within;			/* how far one may stand from what it warns of; -1: anywhere */
	bool		bare;			/* a word without a notice near was found: */
	RsFinding	word;			/* the first in the text, */
	RsHit		place;			/* where it stands, with its number */
	int64		distance;		/* from it to the nearest notice; -1: there is none */
} Output;

/* A row; effect and basis are the word's, or, of what is missing, those of `list_word`. */
static void
put(Output *out, const char *finding, const RsLexicon *lex, const RsFinding *f, const RsHit *place,
	const RsTerm *list_word, const char *value)
{
	const RsTerm *law = list_word ? list_word : f->term;
	Datum		values[10] = {0};
	bool		nulls[10] = {0};

	values[0] = CStringGetTextDatum(finding);
	values[1] = PointerGetDatum(lex->name);
	values[2] = PointerGetDatum(f->term->term);
	values[3] = PointerGetDatum(law->effect);
	nulls[4] = law->basis == NULL;
	values[4] = PointerGetDatum(law->basis);
	values[5] = Int32GetDatum(rs_position(place->start_char + 1));
	values[6] = Int32GetDatum(rs_position(place->end_char));
	values[7] = PointerGetDatum(cstring_to_text_with_len((const char *) out->body + place->start_byte, place->end_byte - place->start_byte));
	values[9] = CStringGetTextDatum(rs_disguise_name(f, out->body));
	nulls[8] = value == NULL;
	if (value != NULL)
		values[8] = DirectFunctionCall3(numeric_in, CStringGetDatum(value), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	tuplestore_putvalues(out->rsinfo->setResult, out->rsinfo->setDesc, values, nulls);
}

/*
 * Something a reader has to be warned of: is a notice within reach? Characters
 * between the two count; notices are sorted, so the nearest is one of two.
 */
static void
want_notice(Output *out, const RsFinding *f, const RsHit *place)
{
	int			low = 0,
				high = out->nnotices;
	int64		distance = -1;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (out->notice[middle].hit.start_char < place->start_char)
			low = middle + 1;
		else
			high = middle;
	}
	for (int i = Max(low - 1, 0); i <= low && i < out->nnotices; i++)
	{
		const RsHit *n = &out->notice[i].hit;
		int64		d = n->end_char <= place->start_char ? place->start_char - n->end_char
			: n->start_char >= place->end_char ? n->start_char - place->end_char : 0;

		if (distance < 0 || d < distance)
			distance = d;
	}
	if ((distance < 0 || (out->within >= 0 && distance > out->within)) &&
		(!out->bare || place->start_char < out->place.start_char))
	{
		out->bare = true;
		out->word = *f;
		out->place = *place;
		out->distance = distance;
	}
}

/* The number belonging to a yield word: behind it within reach, or right before it. */
static bool
find_yield(const unsigned char *body, Size length, const RsHit *hit, double cent, RsHit *whole, char *number, int size)
{
	const unsigned char *end = body + length,
			   *p = body + hit->end_byte,
			   *after;
	uint64		ch = 0,
				chars;

	*whole = *hit;
	for (int i = 0; i <= YIELD_REACH && p < end; i++)
	{
		int			bytes;
		uint32		cp = rs_utf8_decode(p, end, &bytes);
		RsMark		mark = rs_clause_mark(cp);

		if (mark == RS_MARK_SENTENCE || mark == RS_MARK_COMMA || cp == 0x3001)
			break;
		/* 第2年8%: not every number is the yield */
		if (read_yield(p, end, i == 0, cent, &after, &chars, number, size))
		{
			whole->end_byte = after - body;
			whole->end_char = hit->end_char + ch + chars;
			return true;
		}
		/* nor is the rest of a number one */
		while (digit_of(cp) >= 0 && p + bytes < end && digit_of(rs_utf8_decode(p + bytes, end, &(int) {0})) >= 0)
		{
			p += bytes;
			ch++;
			cp = rs_utf8_decode(p, end, &bytes);
		}
		p += bytes;
		ch++;
	}
	/* 12%年化收益, 12% 的年化收益 */
	p = body + hit->start_byte;
	ch = 0;
	after = NULL;				/* behind the percent sign, once found */
	while (p > body && ch <= 14)
	{
		const unsigned char *q = p - 1;
		int			bytes;
		uint32		cp;

		while (q > body && p - q < 4 && (*q & 0xC0) == 0x80)
			q--;
		cp = rs_utf8_decode(q, p, &bytes);
		if (after == NULL ? !is_percent(cp) && cp != 0x7684 && cp != ' ' : digit_of(cp) < 0 && cp != '.' && cp != 0xFF0E)
			break;
		if (after == NULL && is_percent(cp))
			after = p;
		p = q;
		ch++;
	}
	while (after != NULL && p < after && digit_of(rs_utf8_decode(p, end, &(int) {0})) < 0)
	{
		int			bytes;

		rs_utf8_decode(p, end, &bytes);
		p += bytes;
		ch--;
	}
	if (after != NULL && read_yield(p, after, false, cent, &after, &chars, number, size))
	{
		whole->start_byte = p - body;
		whole->start_char = hit->start_char - ch;
		return true;
	}
	return false;
}

static RsFinding *
find_in(const RsLexicon *lex, const text *body, DateADT as_of, const RsSubject *subject, int *n)
{
	*n = 0;
	if (as_of < lex->valid_from || as_of > lex->valid_to)
		return NULL;
	return rs_lexicon_find(lex, (const unsigned char *) VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), as_of, subject, n);
}

static const RsLexicon *
shipped_list(const char *name)
{
	return rs_lexicon_get(name, strlen(name), false);
}

/*
 * screen_ad(body text, licences text[], as_of date, notice_within int)
 *   -> setof (finding, lexicon, term, effect, basis, started, ended, matched, value, disguise)
 *
 * NULL body: no rows. NULL licences: none held. notice_within: characters that
 * may lie between a claim, yield or product and its risk notice, NULL: any
 * number; negative: error. Cost: one pass over the text for each list, and a
 * binary search for each hit. Sources: 广告法 Art 9, 25; 工商办字〔2016〕61号;
 * 银发〔2019〕316号.
 */
PG_FUNCTION_INFO_V1(rs_screen_ad);
Datum
rs_screen_ad(PG_FUNCTION_ARGS)
{
	Output		out = {(ReturnSetInfo *) fcinfo->resultinfo};
	const RsLexicon **lexicon;
	const RsLexicon *helper,
			   *business,
			   *warning;
	int			nlexicons,
				n;
	uint64		reported = 0;
	text	   *body;
	RsSubject	subject = {0};
	RsFinding  *found;
	DateADT		as_of;
	MemoryContext scratch,
				old;

	InitMaterializedSRF(fcinfo, 0);
	out.within = PG_ARGISNULL(3) ? -1 : PG_GETARG_INT32(3);
	if (!PG_ARGISNULL(3) && out.within < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("notice_within must not be negative"),
				 errdetail("It is " INT64_FORMAT ".", out.within),
				 errhint("Give the number of characters a risk notice may stand away, or NULL for anywhere in the text.")));
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	lexicon = rs_lexicons_argument(fcinfo, -1, &nlexicons);
	as_of = rs_day_argument(fcinfo, 2);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "screen_ad", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	body = PG_GETARG_TEXT_PP(0);
	out.body = (const unsigned char *) VARDATA_ANY(body);
	subject.licences = rs_list_argument(fcinfo, 1);
	business = shipped_list("AD-BUSINESS");
	if (subject.licences.n > 0)
	{
		const RsLexicon **all = palloc(sizeof(RsLexicon *) * (nlexicons + 1));

		memcpy(all, lexicon, sizeof(RsLexicon *) * nlexicons);
		all[nlexicons] = business;
		rs_check_arguments(rs_seen_arguments(fcinfo), fcinfo->flinfo->fn_mcxt, all, nlexicons + 1, &subject.licences, NULL, NULL);
	}
	warning = shipped_list("AD-WARNING");
	out.notice = find_in(warning, body, as_of, NULL, &out.nnotices);

	for (int l = 0; l < nlexicons; l++)
	{
		if (!(lexicon[l]->fields & RS_FIELD_ADVERT))
			continue;
		found = find_in(lexicon[l], body, as_of, &subject, &n);
		for (int i = 0; i < n; i++)
		{
			put(&out, "claim", lexicon[l], &found[i], &found[i].hit, NULL, NULL);
			if (lexicon[l]->wants_notice)
				want_notice(&out, &found[i], &found[i].hit);
		}
	}

	/* the word farthest from the number comes first and names the whole */
	helper = shipped_list("AD-YIELD");
	found = find_in(helper, body, as_of, &subject, &n);
	for (int i = 0; i < n; i++)
	{
		RsHit		whole;
		char		number[48];

		if (find_yield(out.body, VARSIZE_ANY_EXHDR(body), &found[i].hit, cent_of(found[i].term->term), &whole, number, sizeof(number)) &&
			whole.end_char > reported)
		{
			/* 预期…收益率 8%: two words, one number */
			reported = whole.end_char;
			put(&out, "yield", helper, &found[i], &whole, NULL, number);
			want_notice(&out, &found[i], &whole);
		}
	}

	found = find_in(business, body, as_of, &subject, &n);
	for (int i = 0; i < n; i++)
		put(&out, "licence", business, &found[i], &found[i].hit, NULL, NULL);

	found = find_in(shipped_list("AD-PRODUCT"), body, as_of, NULL, &n);
	for (int i = 0; i < n; i++)
		want_notice(&out, &found[i], &found[i].hit);

	if (out.bare)
	{
		char		distance[32];

		snprintf(distance, sizeof(distance), INT64_FORMAT, out.distance);
		put(&out, "no_warning", warning, &out.word, &out.place,
			warning->nterms > 0 ? &warning->term[0] : NULL, out.distance < 0 ? NULL : distance);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return (Datum) 0;
}
