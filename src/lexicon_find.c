/*
 * src/lexicon_find.c
 *	  The hits of one word list in one text that count.
 *
 * The automaton gives every occurrence; what is taken away, in this order:
 * words not in force on the day or withdrawn, words exempt by the subject's
 * licence or name, hits inside a covering phrase, hits in an exclusion clause;
 * then the list's own choice among overlapping hits, so that an excepted long
 * word never hides a short one.
 *
 * An exclusion clause "X…" covers a hit behind X when neither a sentence mark
 * nor the end of the bracket that X stands in lies between; a comma ends it
 * too unless X stands in the same bracket. "X…Y" needs both around the hit and
 * lets commas pass; "…Y" needs Y behind the hit within the same comma and in
 * the same bracket. "（X…" needs X right behind an opening bracket, "（…Y" the
 * hit in one.
 *
 * Memory: findings in the current context. Cost: one pass, plus per hit the
 * clause marks of its own sentence.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "folding.h"
#include "lexicon.h"
#include "pg_compat.h"

typedef struct Collector
{
	const RsLexicon *lexicon;
	DateADT		as_of;
	const RsSubject *subject;
	RsHit	   *hit;
	int			n;
	int			cap;
} Collector;

bool
rs_text_list_has(const RsTextList *list, const text *item)
{
	for (int i = 0; i < list->n; i++)
		if (VARSIZE_ANY_EXHDR(list->item[i]) == VARSIZE_ANY_EXHDR(item) &&
			memcmp(VARDATA_ANY(list->item[i]), VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item)) == 0)
			return true;
	return false;
}

/* Is one of the held licences named by the rule? '*' in the rule: any licence. */
bool
rs_text_lists_meet(const RsTextList *rule, const RsTextList *held)
{
	for (int i = 0; i < held->n; i++)
		for (int j = 0; j < rule->n; j++)
			if (rs_licence_equal(rule->item[j], held->item[i]))
				return true;
	if (held->n > 0)
		for (int i = 0; i < rule->n; i++)
			if (VARSIZE_ANY_EXHDR(rule->item[i]) == 1 && *VARDATA_ANY(rule->item[i]) == '*')
				return true;
	return false;
}

/* Folded form as UTF-8, palloc'd: skipped characters are gone. */
char *
rs_fold_bytes(const char *body, Size length, int *folded_length)
{
	const unsigned char *p = (const unsigned char *) body,
			   *end = p + length;
	Size		cap = length + RS_FOLD_MAX * 4 + 1,
				n = 0;
	unsigned char *out = palloc(cap);

	while (p < end)
	{
		uint32		folded[RS_FOLD_MAX];
		int			k,
					bytes;
		uint32		cp = rs_utf8_decode(p, end, &bytes);

		p += bytes;
		if (cp == RS_BAD_CHARACTER)
			continue;
		rs_fold(cp, folded, &k);
		if (n + RS_FOLD_MAX * 4 + 1 > cap)
		{
			cap += cap / 2 + RS_FOLD_MAX * 4;
			out = repalloc(out, cap);
		}
		for (int i = 0; i < k; i++)
			n += rs_utf8_encode(folded[i], out + n);
	}
	out[n] = '\0';
	*folded_length = n;
	return (char *) out;
}

static inline bool
in_force(const RsTerm *t, DateADT as_of)
{
	return !t->withdrawn && t->valid_from <= as_of && as_of <= t->valid_to;
}

static bool
exempt(const RsLexicon *lexicon, const RsTerm *t, const RsSubject *subject)
{
	if (subject == NULL)
		return false;
	return subject->licences.n > 0 && t->licences.n > 0 && rs_text_lists_meet(&t->licences, &subject->licences);
}

static bool
collect(void *arg, const RsHit *hit)
{
	Collector  *c = arg;
	const RsTerm *t = &c->lexicon->term[hit->word];

	if (!in_force(t, c->as_of) || exempt(c->lexicon, t, c->subject))
		return true;
	if (c->n == c->cap)
	{
		c->cap = c->cap ? c->cap * 2 : 16;
		c->hit = c->hit ? repalloc_huge(c->hit, sizeof(RsHit) * (Size) c->cap) : palloc(sizeof(RsHit) * c->cap);
	}
	c->hit[c->n++] = *hit;
	return true;
}

static bool
collect_phrase(void *arg, const RsHit *hit)
{
	Collector  *c = arg;

	if (c->n == c->cap)
	{
		c->cap = c->cap ? c->cap * 2 : 16;
		c->hit = c->hit ? repalloc_huge(c->hit, sizeof(RsHit) * (Size) c->cap) : palloc(sizeof(RsHit) * c->cap);
	}
	c->hit[c->n++] = *hit;
	return true;
}

/* ---- clauses ---- */

/* Only brackets, commas and sentence marks matter, in both widths. */
RsMark
rs_clause_mark(uint32 cp)
{
	switch (cp)
	{
		case ',':
		case 0xFF0C:
			return RS_MARK_COMMA;
		case ';':
		case 0xFF1B:
		case '!':
		case 0xFF01:
		case '?':
		case 0xFF1F:
		case 0x3002:			/* 。 */
		case 0xFF61:
		case '\n':
		case '\r':
			return RS_MARK_SENTENCE;
		case '(':
		case 0xFF08:
		case '[':
		case 0xFF3B:
		case 0x3010:			/* 【 */
		case 0x3014:			/* 〔 */
			return RS_MARK_OPEN;
		case ')':
		case 0xFF09:
		case ']':
		case 0xFF3D:
		case 0x3011:
		case 0x3015:
			return RS_MARK_CLOSE;
		default:
			return RS_MARK_NONE;
	}
}

/*
 * Read from `from` to `to`: sentence marks, net exit from the bracket the
 * reader began in, and commas outside brackets opened on the way.
 */
static void
read_between(const unsigned char *from, const unsigned char *to,
			 bool *sentence, bool *left_bracket, bool *comma, bool *inside)
{
	int			depth = 0;

	*sentence = *left_bracket = *comma = *inside = false;
	while (from < to)
	{
		int			bytes;

		switch (rs_clause_mark(rs_utf8_decode(from, to, &bytes)))
		{
			case RS_MARK_SENTENCE:
				*sentence = true;
				return;
			case RS_MARK_COMMA:
				if (depth == 0)
					*comma = true;
				break;
			case RS_MARK_OPEN:
				depth++;
				break;
			case RS_MARK_CLOSE:
				if (--depth < 0)
				{
					*left_bracket = true;
					return;
				}
				break;
			default:
				break;
		}
		from += bytes;
	}
	*inside = depth > 0;
}

/* Does a bracket open right before `at`, marks that words skip aside? */
static bool
opens_bracket(const unsigned char *text, const unsigned char *at)
{
	while (at > text)
	{
		const unsigned char *q = at - 1;
		uint32		folded[RS_FOLD_MAX];
		uint32		cp;
		int			bytes,
					n;
		RsFoldKind	kind;

		while (q > text && at - q < 4 && (*q & 0xC0) == 0x80)
			q--;
		cp = rs_utf8_decode(q, at, &bytes);
		kind = rs_fold(cp, folded, &n);
		if (kind != RS_FOLD_IGNORABLE && kind != RS_FOLD_SEPARATOR)
			return rs_clause_mark(cp) == RS_MARK_OPEN;
		at = q;
	}
	return false;
}

/* Does `at` stand in a bracket opened in its own sentence? */
static bool
in_bracket(const unsigned char *text, const unsigned char *at)
{
	int			depth = 0;

	while (at > text)
	{
		const unsigned char *q = at - 1;
		int			bytes;

		while (q > text && at - q < 4 && (*q & 0xC0) == 0x80)
			q--;
		switch (rs_clause_mark(rs_utf8_decode(q, at, &bytes)))
		{
			case RS_MARK_SENTENCE:
				if (depth == 0)
					return false;
				break;
			case RS_MARK_CLOSE:
				depth++;
				break;
			case RS_MARK_OPEN:
				if (--depth < 0)
					return true;
				break;
			default:
				break;
		}
		at = q;
	}
	return false;
}

/* Widen [*from, *to) to the sentence it lies in. */
static void
sentence_around(const unsigned char *body, Size length, Size *from, Size *to)
{
	const unsigned char *p = body + *from;
	const unsigned char *end = body + length;
	int			bytes;

	while (p > body)
	{
		const unsigned char *q = p - 1;

		while (q > body && p - q < 4 && (*q & 0xC0) == 0x80)
			q--;
		if (rs_clause_mark(rs_utf8_decode(q, p, &bytes)) == RS_MARK_SENTENCE)
			break;
		p = q;
	}
	*from = p - body;
	p = body + *to;
	while (p < end && rs_clause_mark(rs_utf8_decode(p, end, &bytes)) != RS_MARK_SENTENCE)
		p += bytes;
	*to = p - body;
}

/* Is the part `word` before (or behind) the hit within its clause? */
static bool
clause_part(const unsigned char *text, const RsHit *hit, uint32 word, bool before, bool commas_pass,
			bool opens, const RsHit *phrase, int nphrases, int behind, Size from, Size to)
{
	for (int i = before ? behind - 1 : behind; before ? i >= 0 : i < nphrases; before ? i-- : i++)
	{
		const RsHit *x = &phrase[i];
		bool		sentence,
					bracket,
					comma,
					inside;

		/* beyond the hit's sentence; the others are farther away */
		if (before ? x->start_byte < from : x->start_byte >= to)
			return false;
		if (x->word != word || (before ? x->end_byte > hit->start_byte : x->start_byte < hit->end_byte))
			continue;
		if (before)
			read_between(text + x->end_byte, text + hit->start_byte, &sentence, &bracket, &comma, &inside);
		else
			read_between(text + hit->end_byte, text + x->start_byte, &sentence, &bracket, &comma, &inside);
		if (sentence)
			return false;
		/* nor may it lie outside the bracket, or 资产管理（金融除外） would excuse 资产管理 */
		if (bracket || (!before && inside))
			continue;
		if (opens && !opens_bracket(text, text + x->start_byte))
			continue;
		if (!comma || commas_pass || (before && in_bracket(text, text + x->start_byte)))
			return true;
	}
	return false;
}

/* ---- finding ---- */

static bool
is_excepted(const RsLexicon *lexicon, const unsigned char *body, Size length, const RsHit *hit,
			const bool *whole, const RsHit *phrase, int nphrases, Size longest)
{
	int			behind = 0,
				hi = nphrases;
	Size		from = hit->start_byte,
				to = hit->end_byte;

	/* phrases are sorted by start: the first that begins behind the hit */
	while (behind < hi)
	{
		int			mid = (behind + hi) / 2;

		if (phrase[mid].start_byte < hit->end_byte)
			behind = mid + 1;
		else
			hi = mid;
	}
	for (int i = behind - 1; i >= 0 && phrase[i].start_byte + longest >= hit->end_byte; i--)
	{
		int			x = lexicon->phrase_word[phrase[i].word];

		if (x >= 0 && phrase[i].start_char <= hit->start_char && hit->end_char <= phrase[i].end_char &&
			(lexicon->exception[x].term < 0 || lexicon->exception[x].term == hit->word))
			return true;
	}
	if (nphrases > 0)
	{
		sentence_around(body, length, &from, &to);
		for (int i = 0; i < lexicon->nclauses; i++)
		{
			const RsException *x = &lexicon->exception[lexicon->clause[i]];

			if (x->term >= 0 && x->term != hit->word)
				continue;
			/* （…除: a bracket and nothing more before the word */
			if (x->at_start && x->before == RS_NO_WORD && !in_bracket(body, body + hit->start_byte))
				continue;
			if ((x->before == RS_NO_WORD ||
				 clause_part(body, hit, x->before, true, x->after != RS_NO_WORD, x->at_start, phrase, nphrases, behind, from, to)) &&
				(x->after == RS_NO_WORD ||
				 clause_part(body, hit, x->after, false, x->before != RS_NO_WORD, false, phrase, nphrases, behind, from, to)) &&
				!(x->before == RS_NO_WORD && x->after == RS_NO_WORD))
				return true;
		}
	}
	for (int i = 0; i < lexicon->nwholes; i++)
	{
		int			term = lexicon->exception[lexicon->whole[i]].term;

		if (whole[i] && (term < 0 || term == hit->word))
			return true;
	}
	return false;
}

/* Exceptions that do not depend on the hit: whole name, holder, licence; by their place in lexicon->whole. */
static bool *
whole_exceptions(const RsLexicon *lexicon, const unsigned char *body, Size length, const RsSubject *subject)
{
	bool	   *whole = lexicon->nwholes > 0 ? palloc0(sizeof(bool) * lexicon->nwholes) : NULL;
	char	   *folded = NULL;
	int			folded_length = 0;

	for (int i = 0; i < lexicon->nwholes; i++)
	{
		const RsException *x = &lexicon->exception[lexicon->whole[i]];

		if (x->kind == RS_EXCEPT_NAME)
		{
			if (folded == NULL)
				folded = rs_fold_bytes((const char *) body, length, &folded_length);
			whole[i] = folded_length == x->folded_length && memcmp(folded, x->folded, folded_length) == 0;
			if (!whole[i] && subject != NULL && subject->holder != NULL)
				whole[i] = subject->holder_length == x->folded_length &&
					memcmp(subject->holder, x->folded, x->folded_length) == 0;
		}
		else if (x->kind == RS_EXCEPT_LICENCE)
			for (int k = 0; subject != NULL && k < subject->licences.n; k++)
				whole[i] = whole[i] || rs_licence_equal(subject->licences.item[k], x->phrase);
		else if (x->kind == RS_EXCEPT_HOLDER && subject != NULL && subject->holder != NULL &&
				 subject->holder_length >= x->folded_length)
		{
			const char *h = subject->holder;
			int			n = subject->holder_length;

			if (x->at_start)
				whole[i] = memcmp(h, x->folded, x->folded_length) == 0;
			else if (x->at_end)
				whole[i] = memcmp(h + n - x->folded_length, x->folded, x->folded_length) == 0;
			else
				whole[i] = memmem(h, n, x->folded, x->folded_length) != NULL;
		}
	}
	return whole;
}

/*
 * Findings in reading order, or NULL and *n = 0. subject may be NULL.
 */
RsFinding *
rs_lexicon_find(const RsLexicon *lexicon, const unsigned char *body, Size length,
				DateADT as_of, const RsSubject *subject, int *n)
{
	Collector	c = {.lexicon = lexicon,.as_of = as_of,.subject = subject};
	RsFinding  *found;

	*n = 0;
	rs_matcher_scan(lexicon->matcher, body, length, collect, &c);
	if (c.n == 0)
		return NULL;
	c.n = rs_hits_sort(c.hit, c.n);
	if (lexicon->nexceptions > 0)
	{
		Collector	p = {.lexicon = lexicon};
		bool	   *whole = whole_exceptions(lexicon, body, length, subject);
		int			k = 0;
		Size		longest = 0;

		if (lexicon->phrases != NULL)
		{
			rs_matcher_scan(lexicon->phrases, body, length, collect_phrase, &p);
			if (p.n > 0)
				p.n = rs_hits_sort(p.hit, p.n);
			for (int i = 0; i < p.n; i++)
				longest = Max(longest, p.hit[i].end_byte - p.hit[i].start_byte);
		}
		/* most texts with a word hold no phrase, and nothing about them excepts it */
		if (p.n > 0 || whole != NULL)
		{
			for (int i = 0; i < c.n; i++)
			{
				CHECK_FOR_INTERRUPTS();
				if (!is_excepted(lexicon, body, length, &c.hit[i], whole, p.hit, p.n, longest))
					c.hit[k++] = c.hit[i];
			}
			c.n = k;
		}
		if (whole)
			pfree(whole);
		if (p.hit)
			pfree(p.hit);
	}
	if (c.n > 0 && lexicon->hits == 'm')
		c.n = rs_hits_maximal(c.hit, c.n);
	else if (c.n > 0 && lexicon->hits == 'l')
		c.n = rs_hits_longest(c.hit, c.n);
	if (c.n == 0)
	{
		pfree(c.hit);
		return NULL;
	}
	found = palloc_extended(sizeof(RsFinding) * (Size) c.n, MCXT_ALLOC_HUGE);
	for (int i = 0; i < c.n; i++)
	{
		found[i].hit = c.hit[i];
		found[i].term = &lexicon->term[c.hit[i].word];
	}
	pfree(c.hit);
	*n = c.n;
	return found;
}

/* Does anything count? Most texts hold no word: one pass, nothing allocated. */
bool
rs_lexicon_has(const RsLexicon *lexicon, const unsigned char *body, Size length, DateADT as_of)
{
	RsFinding  *found;
	int			n;

	if (!rs_matcher_has(lexicon->matcher, body, length))
		return false;
	if (lexicon->simple && lexicon->simple_from <= as_of && as_of <= lexicon->simple_to &&
		lexicon->nwholes == 0 && (lexicon->phrases == NULL || !rs_matcher_has(lexicon->phrases, body, length)))
		return true;
	found = rs_lexicon_find(lexicon, body, length, as_of, NULL, &n);
	if (found == NULL)
		return false;
	pfree(found);
	return true;
}
