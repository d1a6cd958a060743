/*
 * src/picture_text.c
 *	  What a picture says: amounts, days, labels of nodes and edges, the notes
 *	  below, and the look of each level.
 *
 * Every level differs in lightness, in shape or border, and in a word in the
 * label: a black-and-white print and a colour-blind reader lose nothing.
 */
#include "pg_compat.h"

#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "amount_text.h"
#include "picture.h"
#include "risk_screen.h"

static const RsPictureStyle styles[] = {
	{"green", "#d9efe0", "#2e7d4f", "#000000", "box", "rounded,filled", 1, "(", ")"},
	{"unknown", "#ffffff", "#5f6b7a", "#000000", "box", "filled,dashed", 1, "[\\", "\\]"},
	{"yellow", "#fff3b0", "#8a6d00", "#000000", "house", "filled", 1, "([", "])"},
	{"orange", "#f5a25d", "#7a3d00", "#000000", "hexagon", "filled", 2, "{{", "}}"},
	{"red", "#8f1414", "#000000", "#ffffff", "octagon", "filled", 3, "[[", "]]"},
	{"plain", "#eef1f5", "#44546a", "#000000", "box", "filled", 1, "[", "]"},
	{"folded", "#ffffff", "#44546a", "#44546a", "folder", "filled,dashed", 1, "[(", ")]"},
};

#define PLAIN 5
#define FOLDED 6

static const char *const level_zh[] = {"绿", "未知", "黄", "橙", "红"};

const RsPictureStyle *
rs_picture_styles(int *n)
{
	*n = lengthof(styles);
	return styles;
}

const char *
rs_picture_level_name(RsPictureLevel level)
{
	return level == RS_PICTURE_NO_LEVEL ? NULL : styles[level].name;
}

RsPictureLevel
rs_picture_node_level(const RsPicture *p, const RsPictureNode *node)
{
	return node->party == RS_PICTURE_NOBODY ? RS_PICTURE_NO_LEVEL : p->party[node->party].level;
}

const RsPictureStyle *
rs_picture_style(const RsPicture *p, const RsPictureNode *node)
{
	if (node->party == RS_PICTURE_NOBODY)
		return &styles[FOLDED];
	if (p->party[node->party].level == RS_PICTURE_NO_LEVEL)
		return &styles[PLAIN];
	return &styles[p->party[node->party].level];
}

bool
rs_picture_is_share(const RsPicture *p)
{
	return strcmp(p->unit, "share") == 0;
}

/* All digits: 1,234,567.80 */
char *
rs_picture_exact(const RsPicture *p, int128 amount)
{
	return rs_picture_is_share(p) ? rs_picture_amount(p, amount) : rs_grouped_decimal(amount, p->scale, false);
}

/* For people: 9,500元, 12.5万元, 1.02亿元; 33.33%; 1,200 USD. Two places, rounded. */
char *
rs_picture_amount(const RsPicture *p, int128 amount)
{
	if (rs_picture_is_share(p))
		return psprintf("%s%%", rs_grouped_decimal(rs_decimal_rounded(amount, p->scale - 2, 2), 2, true));
	if (strcmp(p->unit, "yuan") == 0)
		return p->english ? psprintf("CNY %s", rs_grouped_decimal(rs_decimal_rounded(amount, p->scale, 2), 2, true))
			: rs_yuan_text(amount, p->scale);
	return psprintf("%s%s%s", rs_grouped_decimal(rs_decimal_rounded(amount, p->scale, 2), 2, true), *p->unit ? " " : "", p->unit);
}

/* The day in risk_screen.time_zone. */
char *
rs_picture_day(TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			offset;

	if (TIMESTAMP_IS_NOEND(at))
		return pstrdup("infinity");
	if (timestamp2tm(at, &offset, &tm, &fsec, NULL, rs_time_zone()) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return psprintf("%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
}

/* The level in words; as on the board, one that missing data could make worse is "at least" what is established. */
static void
level_prefix(const RsPicture *p, const RsPictureNode *node, StringInfo out)
{
	RsPictureLevel level = rs_picture_node_level(p, node);
	bool		at_least = level > RS_PICTURE_UNKNOWN && p->party[node->party].incomplete;

	if (level == RS_PICTURE_NO_LEVEL)
		return;
	if (p->english)
		appendStringInfo(out, "[%s%s] ", at_least ? "at least " : "", styles[level].name);
	else
		appendStringInfo(out, "【%s%s】", at_least ? "至少" : "", level_zh[level]);
}

/* Lines separated by newlines: who, or what a group holds; the note; what rests. */
void
rs_picture_node_label(const RsPicture *p, const RsPictureNode *node, StringInfo out)
{
	if (node->party == RS_PICTURE_NOBODY)
	{
		const char *what = rs_picture_is_share(p) ? (p->english ? "parties" : "个主体")
			: (p->english ? "accounts" : "个账户");

		appendStringInfo(out, p->english ? "%u other %s" : "其他 %u %s", node->folded, what);
		if (!rs_picture_is_share(p))
			appendStringInfo(out, "%s%s", p->english ? ", " : "，",
							 rs_picture_amount(p, node->received > 0 ? node->received : node->sent));
	}
	else
	{
		const RsPictureParty *party = &p->party[node->party];

		level_prefix(p, node, out);
		appendStringInfoString(out, party->name ? party->name : party->id);
		if (party->note)
			appendStringInfo(out, "\n%s", party->note);
	}
	if (node->rested > 0)
		appendStringInfo(out, p->english ? "\nholds %s" : "\n留存 %s", rs_picture_amount(p, node->rested));
}

/* The same on one line under the name given, where nodes lie close: without the note. */
void
rs_picture_node_line(const RsPicture *p, const RsPictureNode *node, const char *name, StringInfo out)
{
	level_prefix(p, node, out);
	appendStringInfoString(out, name);
	if (node->rested > 0)
		appendStringInfo(out, p->english ? "  holds %s" : "  留存 %s", rs_picture_amount(p, node->rested));
}

/* Amount, how many transfers if several, and after `separator` when. */
void
rs_picture_edge_label(const RsPicture *p, const RsPictureEdge *edge, const char *separator, StringInfo out)
{
	const RsPictureGraph *g = p->graph;

	/* Shares of different companies cannot be added. */
	if (rs_picture_is_share(p) && edge->transfers > 1 && g->node[edge->target].party == RS_PICTURE_NOBODY)
		return;
	appendStringInfoString(out, rs_picture_amount(p, edge->amount));
	if (edge->transfers > 1 && !rs_picture_is_share(p))
		appendStringInfo(out, p->english ? ", " UINT64_FORMAT " transfers" : "，" UINT64_FORMAT " 笔", edge->transfers);
	if (edge->first <= edge->last)
	{
		char	   *first = rs_picture_day(edge->first),
				   *last = rs_picture_day(edge->last);

		appendStringInfo(out, "%s%s", separator, first);
		if (strcmp(first, last) != 0)
			appendStringInfo(out, p->english ? " to %s" : " 至 %s", last);
	}
}

/* One line per thing that the picture does not show as it is; split_back: cycles are cut, not drawn. */
void
rs_picture_notes(const RsPicture *p, bool split_back, StringInfo out)
{
	const RsPictureGraph *g = p->graph;
	bool		share = rs_picture_is_share(p);

	if (g->folded > 0)
	{
		if (p->english)
			appendStringInfo(out, "%u of %u %s are folded into groups by distance", g->folded, g->parties,
							 share ? "parties" : "accounts");
		else
			appendStringInfo(out, "共 %u 个%s，其中 %u 个按层次合并为“其他”", g->parties, share ? "主体" : "账户", g->folded);
		if (g->inside > 0 && !share)
			appendStringInfo(out, p->english ? "; %s that moved inside a group is not drawn" : "；合并户之间流转的 %s 未画出",
							 rs_picture_amount(p, g->inside));
	}
	if (g->back > 0)
	{
		if (out->len > 0)
			appendStringInfoChar(out, '\n');
		if (split_back)
			appendStringInfo(out, !p->english ? "有 " UINT64_FORMAT " 条流向形成回路，其收款方另列为“（回流）”"
							 : g->back == 1 ? UINT64_FORMAT " flow that closes a cycle ends in a node of its own, marked (returned)"
							 : UINT64_FORMAT " flows that close a cycle end in nodes of their own, marked (returned)", g->back);
		else
			appendStringInfo(out, !p->english ? "虚线：" UINT64_FORMAT " 条流向形成回路"
							 : g->back == 1 ? "dashed: " UINT64_FORMAT " flow that closes a cycle"
							 : "dashed: " UINT64_FORMAT " flows that close a cycle", g->back);
	}
}

/* What stands below a picture: its title, if it has one, and the notes. Empty if there is neither. */
char *
rs_picture_caption(const RsPicture *p)
{
	StringInfoData caption,
				notes;

	initStringInfo(&caption);
	initStringInfo(&notes);
	if (p->title)
		appendStringInfoString(&caption, p->title);
	rs_picture_notes(p, false, &notes);
	if (caption.len > 0 && notes.len > 0)
		appendStringInfoChar(&caption, '\n');
	appendStringInfoString(&caption, notes.data);
	return caption.data;
}
