/*
 * src/picture_dot.c
 *	  A picture as Graphviz text.
 *
 * Nodes are n1, n2, ... in reading order; the party's id is the tooltip. Labels
 * are quoted strings, in which Graphviz still reads backslashes and HTML
 * entities: both are escaped. An edge is the wider, the more it carries.
 */
#include "postgres.h"

#include <math.h>

#include "picture.h"

/* newline: backslash n centres the line before it, backslash l puts it to the left. */
static void
quote(StringInfo out, const char *text, const char *newline)
{
	appendStringInfoChar(out, '"');
	for (; *text; text++)
	{
		if (*text == '"' || *text == '\\')
			appendStringInfoChar(out, '\\');
		if (*text == '&')
			appendStringInfoString(out, "&amp;");
		else if (*text == '\n')
			appendStringInfoString(out, newline);
		else
			appendStringInfoChar(out, (unsigned char) *text < ' ' ? ' ' : *text);
	}
	appendStringInfoChar(out, '"');
}

char *
rs_picture_dot(const RsPicture *p)
{
	const RsPictureGraph *g = p->graph;
	StringInfoData out,
				label;
	char	   *caption = rs_picture_caption(p);
	int128		largest = 1;

	initStringInfo(&out);
	initStringInfo(&label);
	appendStringInfoString(&out, "digraph flow {\n"
						   "\tgraph [rankdir=LR, charset=\"UTF-8\", fontname=\"Noto Sans CJK SC, Microsoft YaHei, sans-serif\", fontsize=12, labelloc=b, labeljust=l, nodesep=0.25, ranksep=0.7");
	if (*caption)
	{
		appendStringInfoString(&out, ", label=");
		quote(&out, psprintf("%s\n", caption), "\\l");
	}
	appendStringInfoString(&out, "];\n"
						   "\tnode [fontname=\"Noto Sans CJK SC, Microsoft YaHei, sans-serif\", fontsize=11, margin=\"0.14,0.07\"];\n"
						   "\tedge [fontname=\"Noto Sans CJK SC, Microsoft YaHei, sans-serif\", fontsize=9, color=\"#44546a\", arrowsize=0.7];\n");
	for (uint32 i = 0; i < g->nodes; i++)
	{
		const RsPictureNode *n = &g->node[i];
		const RsPictureStyle *style = rs_picture_style(p, n);

		resetStringInfo(&label);
		rs_picture_node_label(p, n, &label);
		appendStringInfo(&out, "\tn%u [label=", i + 1);
		quote(&out, label.data, "\\n");
		appendStringInfo(&out, ", shape=%s, style=\"%s\", fillcolor=\"%s\", color=\"%s\", fontcolor=\"%s\", penwidth=%d",
						 style->dot_shape, style->dot_style, style->fill, style->line, style->text, style->width);
		if (n->party != RS_PICTURE_NOBODY)
		{
			appendStringInfoString(&out, ", tooltip=");
			quote(&out, p->party[n->party].id, "\\n");
		}
		appendStringInfoString(&out, "];\n");
	}
	for (uint64 i = 0; i < g->edges; i++)
		largest = Max(largest, g->edge[i].amount);
	for (uint64 i = 0; i < g->edges; i++)
	{
		const RsPictureEdge *e = &g->edge[i];

		resetStringInfo(&label);
		rs_picture_edge_label(p, e, "\n", &label);
		appendStringInfo(&out, "\tn%u -> n%u [label=", e->source + 1, e->target + 1);
		quote(&out, label.data, "\\n");
		appendStringInfoString(&out, ", tooltip=");
		quote(&out, rs_picture_exact(p, e->amount), "\\n");
		appendStringInfo(&out, ", penwidth=%.1f%s];\n", 1.0 + 4.0 * sqrt((double) e->amount / (double) largest),
						 e->back ? ", style=dashed" : "");
	}
	appendStringInfoString(&out, "}\n");
	return out.data;
}
