/*
 * src/picture_sankey.c
 *	  A picture as Sankey nodes and links in JSON, plain or as an ECharts option.
 *
 * Sankey diagrams know no cycles (ECharts refuses them). Money that closes one
 * is not dropped: its receiver appears a second time, marked as returned, and
 * the flow ends there; the notes say how many.
 *
 * Diagram libraries find the ends of a link by name, so names are made unique:
 * parties of the same name get their id behind it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "picture.h"
#include "query_reader.h"

#define WRITTEN_LINKS 12

typedef struct Names
{
	char	  **name,			/* per node */
			  **again;			/* per node: of its returned twin, NULL if it has none */
} Names;

static void
json_text(StringInfo out, const char *key, const char *value)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	escape_json(out, key);
	appendStringInfoChar(out, ':');
	if (value)
		escape_json(out, value);
	else
		appendStringInfoString(out, "null");
}

static void
json_raw(StringInfo out, const char *key, const char *value)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	escape_json(out, key);
	appendStringInfo(out, ":%s", value);
}

static char *
number(const RsPicture *p, int128 amount)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, rs_int128_to_numeric(amount, p->scale)));
}

/* The label's first line, or what the group is. */
static char *
short_name(const RsPicture *p, const RsPictureNode *node)
{
	StringInfoData out;

	if (node->party != RS_PICTURE_NOBODY)
	{
		const RsPictureParty *party = &p->party[node->party];

		return pstrdup(party->name ? party->name : party->id);
	}
	initStringInfo(&out);
	rs_picture_node_label(p, node, &out);
	if (strchr(out.data, '\n'))
		*strchr(out.data, '\n') = '\0';
	return out.data;
}

static bool
taken(const Names *names, uint32 n, const char *name)
{
	for (uint32 i = 0; i < n; i++)
		if (strcmp(names->name[i], name) == 0 || (names->again[i] && strcmp(names->again[i], name) == 0))
			return true;
	return false;
}

/* A picture has at most 500 nodes: comparing all with all is cheap. */
static Names
unique_names(const RsPicture *p)
{
	const RsPictureGraph *g = p->graph;
	Names		names = {palloc0(sizeof(char *) * g->nodes), palloc0(sizeof(char *) * g->nodes)};

	for (uint32 i = 0; i < g->nodes; i++)
		names.name[i] = short_name(p, &g->node[i]);
	for (uint32 i = 0; i < g->nodes; i++)
	{
		const RsPictureNode *node = &g->node[i];
		bool		shared = false;
		char	   *plain = short_name(p, node);

		for (uint32 j = 0; j < g->nodes && !shared; j++)
			shared = j != i && strcmp(short_name(p, &g->node[j]), plain) == 0;
		if (shared)
			names.name[i] = node->party == RS_PICTURE_NOBODY ? psprintf("%s (%u)", plain, node->depth)
				: psprintf("%s (%s)", plain, p->party[node->party].id);
		while (taken(&names, i, names.name[i]))
			names.name[i] = psprintf("%s'", names.name[i]);
	}
	for (uint64 i = 0; i < g->edges; i++)
	{
		uint32		to = g->edge[i].target;

		if (!g->edge[i].back || names.again[to])
			continue;
		names.again[to] = psprintf(p->english ? "%s (returned)" : "%s（回流）", names.name[to]);
		for (;;)
		{
			char	   *mine = names.again[to];

			names.again[to] = NULL;
			if (!taken(&names, g->nodes, mine))
			{
				names.again[to] = mine;
				break;
			}
			names.again[to] = psprintf("%s'", mine);
		}
	}
	return names;
}

/* ECharts reads {b} and {style|text} in labels. */
static char *
plain_label(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	for (; *text; text++)
	{
		if (*text == '{')
			appendStringInfoString(&out, "｛");
		else if (*text == '}')
			appendStringInfoString(&out, "｝");
		else
			appendStringInfoChar(&out, *text);
	}
	return out.data;
}

/* Tooltips are HTML. */
static char *
tooltip_text(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	for (text = plain_label(text); *text; text++)
	{
		switch (*text)
		{
			case '&':
				appendStringInfoString(&out, "&amp;");
				break;
			case '<':
				appendStringInfoString(&out, "&lt;");
				break;
			case '>':
				appendStringInfoString(&out, "&gt;");
				break;
			case '\n':
				appendStringInfoString(&out, "<br>");
				break;
			default:
				appendStringInfoChar(&out, *text);
		}
	}
	return out.data;
}

/* One node; in a chart without the id, by which ECharts would look up the ends of links. */
static void
write_node(const RsPicture *p, uint32 i, const Names *names, bool again, bool chart, StringInfo out)
{
	const RsPictureNode *n = &p->graph->node[i];
	const RsPictureStyle *style = rs_picture_style(p, n);
	StringInfoData label;

	initStringInfo(&label);
	if (again)
		appendStringInfoString(&label, names->again[i]);
	else if (chart)
		rs_picture_node_line(p, n, names->name[i], &label);
	else
		rs_picture_node_label(p, n, &label);
	if (out->data[out->len - 1] != '[')
		appendStringInfoChar(out, ',');
	appendStringInfoChar(out, '{');
	json_text(out, "name", again ? names->again[i] : names->name[i]);
	if (chart)
	{
		appendStringInfoString(out, ",\"itemStyle\":{");
		json_text(out, "color", again ? "#ffffff" : style->fill);
		json_text(out, "borderColor", style->line);
		json_raw(out, "borderWidth", psprintf("%d", again ? 1 : style->width));
		json_text(out, "borderType", again || strstr(style->dot_style, "dashed") ? "dashed" : "solid");
		appendStringInfoString(out, "},\"label\":{");
		json_text(out, "formatter", plain_label(label.data));
		appendStringInfoString(out, "},\"tooltip\":{");
		json_text(out, "formatter", tooltip_text(label.data));
		appendStringInfoChar(out, '}');
	}
	else
	{
		json_text(out, "id", n->party == RS_PICTURE_NOBODY ? NULL : p->party[n->party].id);
		json_text(out, "label", label.data);
		json_text(out, "level", rs_picture_level_name(rs_picture_node_level(p, n)));
		json_raw(out, "incomplete", n->party != RS_PICTURE_NOBODY && p->party[n->party].incomplete ? "true" : "false");
		json_raw(out, "depth", psprintf("%u", n->depth));
		json_raw(out, "received", again ? "null" : number(p, n->received));
		json_raw(out, "sent", again ? "null" : number(p, n->sent));
		json_raw(out, "rested", again ? "null" : number(p, n->rested));
		json_raw(out, "folded", psprintf("%u", again ? 0 : n->folded));
		json_raw(out, "returned", again ? "true" : "false");
	}
	appendStringInfoChar(out, '}');
}

static int
larger_first(const void *a, const void *b)
{
	int128		x = *(const int128 *) a,
				y = *(const int128 *) b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/*
 * Labels on all links would lie upon each other, and on a thin one beside it:
 * the amount from which links get one. The label is under the middle of the
 * link, where the name of the node before does not reach.
 */
static int128
smallest_written(const RsPictureGraph *g)
{
	int128	   *amount;

	if (g->edges == 0)
		return 0;
	amount = palloc(sizeof(int128) * g->edges);
	for (uint64 i = 0; i < g->edges; i++)
		amount[i] = g->edge[i].amount;
	qsort(amount, g->edges, sizeof(int128), larger_first);
	return Max(amount[0] / 6, amount[Min(WRITTEN_LINKS, g->edges) - 1]);
}

static void
write_graph(const RsPicture *p, bool chart, StringInfo nodes, StringInfo links)
{
	const RsPictureGraph *g = p->graph;
	Names		names = unique_names(p);
	int128		written = smallest_written(g);

	appendStringInfoChar(nodes, '[');
	for (uint32 i = 0; i < g->nodes; i++)
		write_node(p, i, &names, false, chart, nodes);
	for (uint32 i = 0; i < g->nodes; i++)
		if (names.again[i])
			write_node(p, i, &names, true, chart, nodes);
	appendStringInfoChar(nodes, ']');

	appendStringInfoChar(links, '[');
	for (uint64 i = 0; i < g->edges; i++)
	{
		const RsPictureEdge *e = &g->edge[i];
		StringInfoData label;

		initStringInfo(&label);
		rs_picture_edge_label(p, e, chart ? " " : "\n", &label);
		if (i > 0)
			appendStringInfoChar(links, ',');
		appendStringInfoChar(links, '{');
		json_text(links, "source", names.name[e->source]);
		json_text(links, "target", e->back ? names.again[e->target] : names.name[e->target]);
		json_raw(links, "value", number(p, e->amount));
		if (!chart)
		{
			json_text(links, "label", label.data);
			json_raw(links, "transfers", psprintf(UINT64_FORMAT, e->transfers));
			json_text(links, "first_on", e->first <= e->last ? rs_picture_day(e->first) : NULL);
			json_text(links, "last_on", e->first <= e->last ? rs_picture_day(e->last) : NULL);
			json_raw(links, "returned", e->back ? "true" : "false");
		}
		else
		{
			const char *to = e->back ? names.again[e->target] : names.name[e->target];

			/* what the link says: on the line, and with both ends and all digits under the pointer */
			appendStringInfoString(links, ",\"edgeLabel\":{");
			if (e->amount < written)
				json_raw(links, "show", "false");
			json_text(links, "formatter", plain_label(label.data));
			appendStringInfoString(links, "},\"tooltip\":{");
			json_text(links, "formatter", tooltip_text(psprintf("%s → %s\n%s%s%s", names.name[e->source], to, label.data,
																 rs_picture_is_share(p) ? "" : "\n", rs_picture_is_share(p) ? "" : rs_picture_exact(p, e->amount))));
			appendStringInfoChar(links, '}');
			if (e->back)
				appendStringInfoString(links, ",\"lineStyle\":{\"color\":\"#8a93a0\",\"opacity\":0.25}");
		}
		appendStringInfoChar(links, '}');
	}
	appendStringInfoChar(links, ']');
}

/* {"title", "notes", "nodes", "links"} */
char *
rs_picture_sankey(const RsPicture *p)
{
	StringInfoData out,
				nodes,
				links,
				notes;

	initStringInfo(&out);
	initStringInfo(&nodes);
	initStringInfo(&links);
	initStringInfo(&notes);
	write_graph(p, false, &nodes, &links);
	rs_picture_notes(p, true, &notes);
	appendStringInfoChar(&out, '{');
	json_text(&out, "title", p->title);
	json_text(&out, "notes", notes.len > 0 ? notes.data : NULL);
	json_raw(&out, "nodes", nodes.data);
	json_raw(&out, "links", links.data);
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* What echarts.setOption() takes. */
char *
rs_picture_sankey_option(const RsPicture *p)
{
	StringInfoData out,
				nodes,
				links,
				notes;

	initStringInfo(&out);
	initStringInfo(&nodes);
	initStringInfo(&links);
	initStringInfo(&notes);
	write_graph(p, true, &nodes, &links);
	rs_picture_notes(p, true, &notes);
	appendStringInfoChar(&out, '{');
	if (p->title || notes.len > 0)
	{
		appendStringInfoString(&out, "\"title\":{\"left\":8,\"top\":4,\"textStyle\":{\"fontSize\":15},\"subtextStyle\":{\"fontSize\":12,\"lineHeight\":17,\"color\":\"#44546a\"}");
		json_text(&out, "text", p->title ? p->title : "");
		json_text(&out, "subtext", notes.data);
		appendStringInfoString(&out, "},");
	}
	appendStringInfo(&out, "\"tooltip\":{\"trigger\":\"item\"},\"aria\":{\"enabled\":true},"
					 "\"series\":[{\"type\":\"sankey\",\"left\":12,\"right\":200,\"top\":%d,\"bottom\":12,"
					 "\"nodeWidth\":14,\"nodeGap\":16,\"nodeAlign\":\"left\",\"draggable\":false,"
					 "\"emphasis\":{\"focus\":\"adjacency\"},"
					 "\"lineStyle\":{\"color\":\"#44546a\",\"opacity\":0.22,\"curveness\":0.5},"
					 "\"label\":{\"position\":\"right\",\"color\":\"#1c2733\",\"fontSize\":12,\"textBorderColor\":\"#ffffff\",\"textBorderWidth\":2},"
					 "\"edgeLabel\":{\"show\":true,\"offset\":[24,16],\"color\":\"#44546a\",\"fontSize\":11,\"textBorderColor\":\"#ffffff\",\"textBorderWidth\":2},"
					 "\"data\":%s,\"links\":%s}]}",
					 p->title || notes.len > 0 ? 64 : 12, nodes.data, links.data);
	return out.data;
}
