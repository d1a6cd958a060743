/*
 * src/grade_checks.c
 *	  The register of checks of a grading: which rules were run, with what result.
 *
 * Facts alone cannot tell "nothing was found" from "nobody looked". A register
 * can: one row per rule with its outcome. An entity without a fact of a rule
 * that ran then has the value 0; of a rule that failed, or that the register
 * does not name, it could not be judged; "not run" puts a rule outside the
 * scope of those who keep the register, which lowers coverage only.
 * So the facts of a screening are its hits and gaps only, not entities x rules.
 *
 * A rule that the version does not name is judged by its severity, with the
 * points that the version gives to rules of that severity. Rules named or not
 * end up in one list in "C" order of their codes.
 *
 * Of registers of several days the newest not after as_of counts, whole; facts
 * of its rules that are older than it are superseded (grade_facts.c).
 * Memory: one RsCheck per rule, in the budget.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "grade_run.h"
#include "rs_memory.h"

enum { K_RULE, K_INDICATOR, K_OUTCOME, K_SEVERITY, K_WEIGHT, K_LINES,
	   K_TITLE_ZH, K_TITLE_EN, K_CLAUSE, K_PLAN, K_REASON_ZH, K_REASON_EN, K_KIND,
	   K_AS_OF, K_KNOWN_AT, K_COLUMNS };
static const RsColumn check_column[K_COLUMNS] = {
	[K_RULE] = {"rule", RS_TEXT, RS_REQUIRED | RS_NOT_NULL},
	[K_INDICATOR] = {"indicator", RS_TEXT, 0},
	[K_OUTCOME] = {"outcome", RS_TEXT, 0},
	[K_SEVERITY] = {"severity", RS_TEXT, 0},
	[K_WEIGHT] = {"weight", RS_TEXT, 0},
	[K_LINES] = {"lines", RS_TEXT, 0},
	[K_TITLE_ZH] = {"title_zh", RS_TEXT, 0},
	[K_TITLE_EN] = {"title_en", RS_TEXT, 0},
	[K_CLAUSE] = {"clause", RS_TEXT, 0},
	[K_PLAN] = {"plan", RS_TEXT, 0},
	[K_REASON_ZH] = {"reason_zh", RS_TEXT, 0},
	[K_REASON_EN] = {"reason_en", RS_TEXT, 0},
	[K_KIND] = {"kind", RS_TEXT, 0},
	[K_AS_OF] = {"as_of", RS_DATE, 0},
	[K_KNOWN_AT] = {"known_at", RS_TIME, 0},
};
static const RsContract check_contract = {"checks", K_COLUMNS, check_column, K_RULE};

typedef struct Register
{
	RsLoadedRuleset *ruleset;
	MemoryContext budget;
	uint64		capacity;
} Register;

static char *
string_of(const RsRow *row, int column)
{
	return row->isnull[column] ? NULL : TextDatumGetCString(row->value[column].text);
}

/* The name's place in a list of names; an error that shows the list if it is not there. */
static int
choice(const char *what, const char *name, const char *const *list, int n, const char *hint)
{
	for (int i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s \"%s\" in the checks query", what, name),
			 errhint("%s", hint)));
	return 0;
}

/* 'P2P,EC' -> its parts; surrounding spaces do not count, an empty text has none. */
int
rs_split_lines(const char *text, char ***line)
{
	char	   *copy = pstrdup(text),
			   *next = copy;
	int			n = 1,
				used = 0;

	for (const char *c = text; *c; c++)
		n += *c == ',';
	*line = palloc(n * sizeof(char *));
	while (next)
	{
		char	   *part = next,
				   *comma = strchr(next, ','),
				   *end;

		next = comma ? comma + 1 : NULL;
		end = comma ? comma : part + strlen(part);
		while (*part == ' ')
			part++;
		while (end > part && end[-1] == ' ')
			end--;
		*end = '\0';
		if (*part)
			(*line)[used++] = part;
	}
	return used;
}

static void
take_check(void *arg, const RsRow *row)
{
	static const char *const outcome_name[] = {"ran", "failed", "not run"};
	static const RsAbsent outcome_of[] = {RS_ABSENT_CLEAR, RS_ABSENT_FAILED, RS_ABSENT_NOT_RUN};
	Register   *reg = arg;
	RsLoadedRuleset *rs = reg->ruleset;
	DateADT		day = row->isnull[K_AS_OF] ? DATEVAL_NOBEGIN : row->value[K_AS_OF].date;
	TimestampTz known = row->isnull[K_KNOWN_AT] ? DT_NOBEGIN : row->value[K_KNOWN_AT].time;
	RsCheck    *check;
	MemoryContext old;
	char	   *text;

	if (day > rs->as_of || known > rs->known_at)
		return;
	if (rs->nchecks > 0)
	{
		if (day < rs->register_day || (day == rs->register_day && known < rs->register_known))
			return;
		if (day != rs->register_day || known != rs->register_known)
			rs->nchecks = 0;	/* a newer register replaces the older one */
	}
	rs->register_day = day;
	rs->register_known = known;

	old = MemoryContextSwitchTo(reg->budget);
	rs->check = rs_grow(reg->budget, rs->check, &reg->capacity, (uint64) rs->nchecks + 1,
						sizeof(RsCheck), "the checks of a grading");
	check = &rs->check[rs->nchecks++];
	memset(check, 0, sizeof(*check));
	check->rule = string_of(row, K_RULE);
	check->indicator = row->isnull[K_INDICATOR] ? check->rule : string_of(row, K_INDICATOR);
	text = string_of(row, K_OUTCOME);
	check->outcome = text == NULL ? RS_ABSENT_CLEAR :
		outcome_of[choice("outcome", text, outcome_name, lengthof(outcome_name), "Outcomes are ran, failed, not run.")];
	text = string_of(row, K_SEVERITY);
	check->severity = text == NULL ? RS_GREEN :
		(RsLevel) (choice("severity", text, rs_level_name + RS_YELLOW, RS_LEVELS - RS_YELLOW,
						  "Severities are yellow, orange, red; NULL for a rule that only measures.") + RS_YELLOW);
	check->weight = row->isnull[K_WEIGHT] ? NumericGetDatum(int64_to_numeric(1)) :
		DirectFunctionCall3(numeric_in, CStringGetDatum(string_of(row, K_WEIGHT)), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	if (!rs_numeric_is_finite(check->weight) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, check->weight, NumericGetDatum(int64_to_numeric(0)))) ||
		DatumGetBool(DirectFunctionCall2(numeric_gt, check->weight, NumericGetDatum(int64_to_numeric(1000000)))))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a weight in the checks query is not between 0 and 1000000")));
	text = string_of(row, K_KIND);
	check->red_line = text && strcmp(text, "red line") == 0;
	text = string_of(row, K_LINES);
	check->nlines = text ? rs_split_lines(text, &check->line) : -1;
	for (int i = 0; i < lengthof(check->text); i++)
		check->text[i] = row->isnull[K_TITLE_ZH + i] ? (Datum) 0 :
			PointerGetDatum(PG_DETOAST_DATUM_COPY(row->value[K_TITLE_ZH + i].text));
	MemoryContextSwitchTo(old);
}

static int
by_rule(const void *a, const void *b)
{
	return strcmp(((const RsCheck *) a)->rule, ((const RsCheck *) b)->rule);
}

/* The rule of a check that the version does not name. */
static void
unnamed_rule(RsLoadedRuleset *rs, const RsCheck *check, RsRule *rule, RsRuleText *label)
{
	Datum		zero = NumericGetDatum(int64_to_numeric(0)),
				empty = CStringGetTextDatum("");

	memset(rule, 0, sizeof(*rule));
	memset(label, 0, sizeof(*label));
	rule->column = rs_ruleset_fact_column(rs, check->indicator);
	rule->overridable = !check->red_line;
	rule->max_age = -1;
	label->code = check->rule;
	label->code_datum = CStringGetTextDatum(check->rule);
	label->title_zh = check->text[0];
	label->title_en = check->text[1];
	label->basis = check->text[2];
	label->plan = check->text[3];
	label->no_title_zh = label->title_zh == 0;
	label->no_title_en = label->title_en == 0;
	label->no_basis = label->basis == 0;
	label->no_plan = label->plan == 0;
	label->kind = check->text[6] ? check->text[6] : CStringGetTextDatum("indicator");
	label->unit = empty;
	label->red_line = check->red_line;
	label->nlines = -1;
	label->weight = check->weight;
	label->missing_points = zero;
	label->unnamed = true;
}

void
rs_checks_read(const char *checks, RsLoadedRuleset *rs, MemoryContext budget)
{
	Register	reg = {rs, budget};
	RsQuery    *query = rs_query_open(checks, &check_contract, RS_BAD_ERROR, budget, NULL);
	int			named = rs->engine.nrules,
				all = 0;
	RsRule	   *rule;
	RsRuleText *label;
	char	  **column;

	rs->register_day = DATEVAL_NOBEGIN;
	rs->register_known = DT_NOBEGIN;
	rs_query_read(query, take_check, NULL, &reg);
	rs_query_close(query);
	if (rs->check == NULL)
		rs->check = rs_alloc(budget, 1, sizeof(RsCheck), "the checks of a grading");
	qsort(rs->check, rs->nchecks, sizeof(RsCheck), by_rule);
	for (int i = 1; i < rs->nchecks; i++)
		if (strcmp(rs->check[i - 1].rule, rs->check[i].rule) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("the checks query names a rule twice for the same day and known_at"),
					 errdetail("Rule %s.", rs->check[i].rule)));

	rule = rs_alloc0(budget, (uint64) named + rs->nchecks, sizeof(RsRule), "a ruleset");
	label = rs_alloc0(budget, (uint64) named + rs->nchecks, sizeof(RsRuleText), "a ruleset");
	column = rs_alloc0(budget, (uint64) named + 2 * (uint64) rs->nchecks, sizeof(char *), "a ruleset");
	memcpy(column, rs->column_name, rs->engine.ncolumns * sizeof(char *));
	rs->column_name = column;
	/* both lists are in "C" order of the code: merge */
	for (int n = 0, c = 0; n < named || c < rs->nchecks;)
	{
		int			order = n == named ? 1 : c == rs->nchecks ? -1 : strcmp(rs->rule_text[n].code, rs->check[c].rule);
		const RsCheck *check = order >= 0 ? &rs->check[c] : NULL;

		if (order <= 0)
		{
			rule[all] = rs->rule[n];
			label[all] = rs->rule_text[n++];
		}
		else if (check->severity > RS_GREEN && rs->rule_points[check->severity])
			unnamed_rule(rs, check, &rule[all], &label[all]);
		else
		{
			c++;
			continue;
		}
		if (check)
		{
			label[all].check = check;
			label[all].counts_findings = rule[all].column == rs_ruleset_fact_column(rs, check->indicator);
			/* a value that is not there is not 0, and not "does not apply" either: a fact would say so */
			rule[all].absent = label[all].counts_findings || check->outcome != RS_ABSENT_CLEAR ?
				check->outcome : RS_ABSENT_MISSING;
			rule[all].null_lacks = check->severity > RS_GREEN;
			c++;
		}
		/* a rule of the version that the register does not know: nobody looked, nobody says why */
		all++;
	}
	rs->rule = rule;
	rs->rule_text = label;
	rs->engine.rule = rule;
	rs->engine.nrules = all;
	rs->registered = rs_alloc0(budget, Max(rs->engine.ncolumns, 1), sizeof(bool), "a ruleset");
	for (int r = 0; r < all; r++)
		if (rule[r].column >= 0 && label[r].check)
			rs->registered[rule[r].column] = true;
}
