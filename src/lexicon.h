/*
 * src/lexicon.h
 *	  Word lists: compiled per backend, found in texts.
 */
#ifndef RS_LEXICON_H
#define RS_LEXICON_H

#include "postgres.h"
#include "fmgr.h"
#include "utils/date.h"

#include "matcher.h"

/* Bits of a lexicon's fields, and the text a call is about. */
#define RS_FIELD_NAME	1
#define RS_FIELD_SCOPE	2
#define RS_FIELD_ADVERT	4
#define RS_FIELD_ANY	7

/* Bits of the places in a name. */
#define RS_PLACE_REGION		1
#define RS_PLACE_TRADE_NAME	2
#define RS_PLACE_INDUSTRY	4
#define RS_PLACE_FORM		8
#define RS_PLACE_BRANCH		16
#define RS_PLACE_PARENT		32	/* before a branch of another trade: a hotel, a shop */
#define RS_PLACES			6

typedef struct RsTextList
{
	int			n;
	text	  **item;			/* NULL list: n = -1 */
} RsTextList;

typedef struct RsTerm
{
	text	   *term;
	text	   *category;		/* the list's where the row has none; may be NULL */
	text	   *effect;
	text	   *control;
	text	   *basis;			/* may be NULL */
	DateADT		valid_from;
	DateADT		valid_to;
	RsTextList	licences;
	int			places;			/* 0: anywhere */
	bool		withdrawn;
} RsTerm;

typedef enum RsExceptionKind
{
	RS_EXCEPT_PHRASE,
	RS_EXCEPT_CLAUSE,
	RS_EXCEPT_NAME,
	RS_EXCEPT_HOLDER,
	RS_EXCEPT_LICENCE
} RsExceptionKind;

typedef struct RsException
{
	RsExceptionKind kind;
	int			term;			/* -1: all */
	text	   *phrase;
	uint32		before;			/* clause: word number of the part before …, or RS_NO_WORD */
	uint32		after;			/* clause: and after it */
	char	   *folded;			/* name, holder */
	int			folded_length;
	bool		at_start;		/* holder: X…; clause: right behind an opening bracket */
	bool		at_end;			/* holder: …X */
} RsException;

#define RS_NO_WORD UINT32_MAX

typedef struct RsLexicon
{
	MemoryContext context;
	text	   *name;
	text	   *jurisdiction;	/* NULL: everywhere */
	int			fields;
	RsTextList	subjects;
	RsTextList	events;
	DateADT		valid_from;
	DateADT		valid_to;
	bool		active;
	bool		wants_notice;	/* of risk, near a hit in an advertisement */
	char		hits;			/* 'a'll, 'm'aximal, 'l'ongest */

	int			nterms;
	RsTerm	   *term;
	RsMatcher  *matcher;
	int			nexceptions;
	RsException *exception;
	int			nclauses;
	int		   *clause;			/* the exceptions of kind clause, by number */
	int			nwholes;
	int		   *whole;			/* those that do not depend on the hit: name, holder, licence */
	RsMatcher  *phrases;		/* phrases and parts of clauses, NULL if none */
	int			nphrase_words;
	int		   *phrase_word;	/* word number -> exception, for whole phrases; -1 for parts of clauses */
	bool		simple;			/* an automaton's hit is a word in force: nothing withdrawn */
	DateADT		simple_from;	/* ... on days from here */
	DateADT		simple_to;		/* ... to here */
	double		build_ms;
} RsLexicon;

/* One accepted hit. */
typedef struct RsFinding
{
	RsHit		hit;
	const RsTerm *term;
} RsFinding;

/* What is known about the text's subject; zero: nothing. */
typedef struct RsSubject
{
	const char *holder;			/* folded name, NULL if unknown */
	int			holder_length;
	RsTextList	licences;		/* n = -1: unknown */
} RsSubject;

/* lexicon.c */
extern const RsLexicon *rs_lexicon_get(const char *name, int length, bool missing_ok);
extern const RsLexicon **rs_lexicon_active(int *n);
extern uint64 rs_lexicon_generation(void);
extern bool rs_lexicon_durable(const RsLexicon *lexicon);

/* lexicon_find.c */
extern RsFinding *rs_lexicon_find(const RsLexicon *lexicon, const unsigned char *body, Size length,
								  DateADT as_of, const RsSubject *subject, int *n);
extern bool rs_lexicon_has(const RsLexicon *lexicon, const unsigned char *body, Size length, DateADT as_of);
extern char *rs_fold_bytes(const char *body, Size length, int *folded_length);
extern bool rs_text_list_has(const RsTextList *list, const text *item);
extern bool rs_text_lists_meet(const RsTextList *rule, const RsTextList *held);

/* names.c: arguments of the SQL functions, kept in fn_extra between calls */
extern const RsLexicon *rs_lexicon_argument(FunctionCallInfo fcinfo, const text *name);
extern const RsLexicon **rs_lexicons_argument(FunctionCallInfo fcinfo, int argument, int *n);
extern DateADT rs_day_argument(FunctionCallInfo fcinfo, int argument);
extern RsTextList rs_list_argument(FunctionCallInfo fcinfo, int argument);
extern const char *rs_disguise_name(const RsFinding *f, const unsigned char *body);
extern int32 rs_position(uint64 chars);

/* names_check.c: arguments that mean nothing to the lists */
typedef enum RsArgumentKind
{
	RS_ARGUMENT_LICENCE, RS_ARGUMENT_PROVINCE, RS_ARGUMENT_SUBJECT
} RsArgumentKind;

typedef struct RsSeen RsSeen;

extern RsSeen **rs_seen_arguments(FunctionCallInfo fcinfo);
extern void rs_check_arguments(RsSeen **seen, MemoryContext context, const RsLexicon **lexicon, int n,
							   const RsTextList *licences, const text *province, const text *subject);
extern bool rs_licence_equal(const text *a, const text *b);

/* Marks that clauses and items end at. */
typedef enum RsMark
{
	RS_MARK_NONE, RS_MARK_COMMA, RS_MARK_SENTENCE, RS_MARK_OPEN, RS_MARK_CLOSE
} RsMark;

extern RsMark rs_clause_mark(uint32 cp);

#endif							/* RS_LEXICON_H */
