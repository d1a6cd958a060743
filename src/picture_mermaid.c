/*
 * src/picture_mermaid.c
 *	  A picture as a Mermaid flowchart.
 *
 * Labels are quoted; what Mermaid, Markdown or HTML would read in them is
 * written as entity codes (#34; for a quotation mark, and so on).
 */
#include "postgres.h"

#include "picture.h"

static void
quote(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '"');
	for (; *text; text++)
	{
		if (*text == '\n')
			appendStringInfoString(out, "<br/>");
		else if (strchr("\"#&<>`\\*_~|;", *text))
			appendStringInfo(out, "#%d;", *text);
		else
			appendStringInfoChar(out, (unsigned char) *text < ' ' ? ' ' : *text);
	}
	appendStringInfoChar(out, '"');
}

char *
rs_picture_mermaid(const RsPicture *p)
{
	const RsPictureGraph *g = p->graph;
	const RsPictureStyle *styles;
	int			n_styles;
	StringInfoData out,
				label;
	char	   *caption = rs_picture_caption(p);

	initStringInfo(&out);
	initStringInfo(&label);
	appendStringInfoString(&out, "flowchart LR\n");
	for (uint32 i = 0; i < g->nodes; i++)
	{
		const RsPictureStyle *style = rs_picture_style(p, &g->node[i]);

		resetStringInfo(&label);
		rs_picture_node_label(p, &g->node[i], &label);
		appendStringInfo(&out, "\tn%u%s", i + 1, style->mermaid_open);
		quote(&out, label.data);
		appendStringInfo(&out, "%s:::%s\n", style->mermaid_close, style->name);
	}
	for (uint64 i = 0; i < g->edges; i++)
	{
		const RsPictureEdge *e = &g->edge[i];

		resetStringInfo(&label);
		rs_picture_edge_label(p, e, "\n", &label);
		appendStringInfo(&out, "\tn%u %s", e->source + 1, e->back ? "-.->" : "-->");
		if (label.len > 0)
		{
			appendStringInfoChar(&out, '|');
			quote(&out, label.data);
			appendStringInfoChar(&out, '|');
		}
		appendStringInfo(&out, " n%u\n", e->target + 1);
	}
	if (*caption)
	{
		appendStringInfoString(&out, "\tnote[");
		quote(&out, caption);
		appendStringInfoString(&out, "]:::note\n");
	}
	styles = rs_picture_styles(&n_styles);
	for (int i = 0; i < n_styles; i++)
		appendStringInfo(&out, "\tclassDef %s fill:%s,stroke:%s,color:%s,stroke-width:%dpx%s\n",
						 styles[i].name, styles[i].fill, styles[i].line, styles[i].text, styles[i].width,
						 strstr(styles[i].dot_style, "dashed") ? ",stroke-dasharray:4 3" : "");
	appendStringInfoString(&out, "\tclassDef note fill:none,stroke:none,color:#44546a\n");
	return out.data;
}
