/*
 * src/names_count.c
 *	  count_terms(): hits per word of a list over a scan.
 *
 * State: counters by word number of the list in use, and a sorted list of
 * (word, hits, texts) of everything counted before the list in use changed or
 * that came from other workers. Merging is by word, so workers that compiled
 * different versions still add up. Everything lives in the aggregate's context.
 */
#include "pg_compat.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "lexicon.h"
#include "risk_screen.h"

typedef struct Count
{
	text	   *term;
	int64		hits;
	int64		texts;
} Count;

typedef struct State
{
	MemoryContext context;
	const RsLexicon *lexicon;	/* identity only, never followed */
	uint64		generation;
	int			nlive;
	Count	   *live;			/* by word number */
	int64	   *last;			/* number of the text that last hit the word */
	int64		ntexts;
	int			n;
	Count	   *list;			/* sorted by word */
} State;

static int
compare_terms(const text *a, const text *b)
{
	int			n = Min(VARSIZE_ANY_EXHDR(a), VARSIZE_ANY_EXHDR(b));
	int			c = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), n);

	return c != 0 ? c : (int) VARSIZE_ANY_EXHDR(a) - (int) VARSIZE_ANY_EXHDR(b);
}

/* Add sorted counts to the state's list; words must live in its context. */
static void
merge(State *s, const Count *add, int n)
{
	Count	   *list = MemoryContextAlloc(s->context, sizeof(Count) * Max(s->n + n, 1));
	int			i = 0,
				j = 0,
				k = 0;

	while (i < s->n || j < n)
	{
		int			c = i == s->n ? 1 : j == n ? -1 : compare_terms(s->list[i].term, add[j].term);

		if (c == 0)
		{
			list[k] = s->list[i++];
			list[k].hits += add[j].hits;
			list[k++].texts += add[j++].texts;
		}
		else if (c < 0)
			list[k++] = s->list[i++];
		else
			list[k++] = add[j++];
	}
	if (s->list)
		pfree(s->list);
	s->list = list;
	s->n = k;
}

/* Move the live counters into the list. */
static void
settle(State *s)
{
	Count	   *seen = palloc(sizeof(Count) * Max(s->nlive, 1));
	int			k = 0;

	for (int i = 0; i < s->nlive; i++)
		if (s->live[i].hits > 0)
			seen[k++] = s->live[i];
	/* words of a list are in order already */
	merge(s, seen, k);
	pfree(seen);
	s->lexicon = NULL;
	s->nlive = 0;
}

static State *
new_state(MemoryContext context)
{
	State	   *s = MemoryContextAllocZero(context, sizeof(State));

	s->context = context;
	return s;
}

static void
use_lexicon(State *s, const RsLexicon *lex)
{
	MemoryContext old;

	settle(s);
	old = MemoryContextSwitchTo(s->context);
	s->lexicon = lex;
	s->generation = rs_lexicon_generation();
	s->nlive = lex->nterms;
	s->live = palloc0(sizeof(Count) * Max(lex->nterms, 1));
	s->last = palloc0(sizeof(int64) * Max(lex->nterms, 1));
	for (int i = 0; i < lex->nterms; i++)
	{
		s->live[i].term = palloc(VARSIZE_ANY(lex->term[i].term));
		memcpy(s->live[i].term, lex->term[i].term, VARSIZE_ANY(lex->term[i].term));
	}
	MemoryContextSwitchTo(old);
}

PG_FUNCTION_INFO_V1(rs_count_terms_step);
Datum
rs_count_terms_step(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	State	   *s;
	text	   *name;
	text	   *body;
	const RsLexicon *lex;
	RsFinding  *found;
	DateADT		as_of;
	int			n;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "count_terms called in non-aggregate context");
	s = PG_ARGISNULL(0) ? new_state(context) : (State *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(s);
	name = PG_GETARG_TEXT_PP(2);
	lex = rs_lexicon_argument(fcinfo, name);
	if (lex != s->lexicon || s->generation != rs_lexicon_generation())
		use_lexicon(s, lex);
	as_of = PG_ARGISNULL(3) ? rs_today() : PG_GETARG_DATEADT(3);
	if (as_of < lex->valid_from || as_of > lex->valid_to)
		PG_RETURN_POINTER(s);
	body = PG_GETARG_TEXT_PP(1);
	found = rs_lexicon_find(lex, (const unsigned char *) VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), as_of, NULL, &n);
	s->ntexts++;
	for (int i = 0; i < n; i++)
	{
		uint32		word = found[i].hit.word;

		s->live[word].hits++;
		if (s->last[word] != s->ntexts)
		{
			s->last[word] = s->ntexts;
			s->live[word].texts++;
		}
	}
	if (found)
		pfree(found);
	PG_FREE_IF_COPY(body, 1);
	PG_RETURN_POINTER(s);
}

/* Copy b's counts into a's context and add them. */
PG_FUNCTION_INFO_V1(rs_count_terms_combine);
Datum
rs_count_terms_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	State	   *a,
			   *b;
	Count	   *copy;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "count_terms combined in non-aggregate context");
	a = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	b = PG_ARGISNULL(1) ? NULL : (State *) PG_GETARG_POINTER(1);
	if (b == NULL)
	{
		if (a == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(a);
	}
	if (a == NULL)
		a = new_state(context);
	settle(a);
	settle(b);
	copy = palloc(sizeof(Count) * Max(b->n, 1));
	for (int i = 0; i < b->n; i++)
	{
		copy[i] = b->list[i];
		copy[i].term = MemoryContextAlloc(a->context, VARSIZE_ANY(b->list[i].term));
		memcpy(copy[i].term, b->list[i].term, VARSIZE_ANY(b->list[i].term));
	}
	merge(a, copy, b->n);
	pfree(copy);
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(rs_count_terms_serialize);
Datum
rs_count_terms_serialize(PG_FUNCTION_ARGS)
{
	State	   *s = (State *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "count_terms serialized in non-aggregate context");
	settle(s);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, s->n);
	for (int i = 0; i < s->n; i++)
	{
		pq_sendint32(&buf, VARSIZE_ANY_EXHDR(s->list[i].term));
		pq_sendbytes(&buf, VARDATA_ANY(s->list[i].term), VARSIZE_ANY_EXHDR(s->list[i].term));
		pq_sendint64(&buf, s->list[i].hits);
		pq_sendint64(&buf, s->list[i].texts);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

PG_FUNCTION_INFO_V1(rs_count_terms_deserialize);
Datum
rs_count_terms_deserialize(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bytea	   *state = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf;
	State	   *s;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "count_terms deserialized in non-aggregate context");
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(state), VARSIZE_ANY_EXHDR(state));
	s = new_state(context);
	s->n = pq_getmsgint(&buf, 4);
	if (s->n < 0 || s->n > buf.len / 20)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of count_terms")));
	s->list = MemoryContextAlloc(context, sizeof(Count) * Max(s->n, 1));
	for (int i = 0; i < s->n; i++)
	{
		int			length = pq_getmsgint(&buf, 4);
		const char *bytes;
		MemoryContext old;

		if (length < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of count_terms")));
		bytes = pq_getmsgbytes(&buf, length);	/* checks the length */
		old = MemoryContextSwitchTo(context);
		s->list[i].term = cstring_to_text_with_len(bytes, length);
		MemoryContextSwitchTo(old);
		s->list[i].hits = pq_getmsgint64(&buf);
		s->list[i].texts = pq_getmsgint64(&buf);
	}
	pq_getmsgend(&buf);
	pfree(buf.data);
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(rs_count_terms_final);
Datum
rs_count_terms_final(PG_FUNCTION_ARGS)
{
	StringInfoData json;
	State	   *s;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "count_terms finished in non-aggregate context");
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	if (!PG_ARGISNULL(0))
	{
		s = (State *) PG_GETARG_POINTER(0);
		settle(s);
		for (int i = 0; i < s->n; i++)
		{
			if (i > 0)
				appendStringInfoChar(&json, ',');
			escape_json(&json, text_to_cstring(s->list[i].term));
			appendStringInfo(&json, ":{\"hits\":" INT64_FORMAT ",\"texts\":" INT64_FORMAT "}",
							 s->list[i].hits, s->list[i].texts);
		}
	}
	appendStringInfoChar(&json, '}');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
