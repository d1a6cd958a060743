/*
 * src/picture.h
 *	  Pictures of flows: rows of source, target and amount become a small graph,
 *	  and the graph becomes Graphviz, Mermaid or Sankey text.
 */
#ifndef RS_PICTURE_H
#define RS_PICTURE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#define RS_PICTURE_NOBODY UINT32_MAX
#define RS_PICTURE_MAX_NODES 500

/* Levels in the order of risk_screen.risk_level. */
typedef enum RsPictureLevel
{
	RS_PICTURE_NO_LEVEL = -1,
	RS_PICTURE_GREEN,
	RS_PICTURE_UNKNOWN,
	RS_PICTURE_YELLOW,
	RS_PICTURE_ORANGE,
	RS_PICTURE_RED
} RsPictureLevel;

typedef struct RsPictureRow
{
	int128		amount;			/* in 10^-scale */
	TimestampTz at;				/* DT_NOBEGIN: unknown */
	uint32		source,
				target;			/* NOBODY: the amount rests with source */
} RsPictureRow;

typedef struct RsPictureNode
{
	int128		received,		/* from other nodes, itself included */
				sent,
				rested;
	uint32		party;			/* RS_PICTURE_NOBODY: a group of folded parties */
	uint32		folded;			/* how many the group stands for */
	uint32		depth;			/* smallest number of transfers from a root */
} RsPictureNode;

typedef struct RsPictureEdge
{
	int128		amount;
	TimestampTz first,			/* DT_NOEND, DT_NOBEGIN: no row had a time */
				last;
	uint64		transfers;
	uint32		source,
				target;			/* nodes */
	bool		back;			/* closes a cycle: without such edges there is none */
} RsPictureEdge;

typedef struct RsPictureGraph
{
	RsPictureNode *node;		/* by depth, then by amount, groups last */
	RsPictureEdge *edge;		/* by source, then target */
	uint32		nodes;
	uint64		edges;
	uint64		back;			/* edges that close a cycle */
	uint32		parties,		/* before folding */
				folded;			/* parties that groups stand for */
	int128		inside;			/* amount that stayed inside groups: not drawn */
} RsPictureGraph;

/* picture_graph.c */
extern RsPictureGraph *rs_picture_graph(RsPictureRow *row, uint64 n, uint32 parties,
										const bool *is_root, uint32 max_nodes, bool largest,
										MemoryContext budget);

typedef struct RsPictureParty
{
	const char *id,
			   *name,			/* NULL: the id is shown */
			   *note;			/* NULL: none */
	RsPictureLevel level;
	bool		incomplete;		/* data are missing that could make the level worse */
} RsPictureParty;

/* What the writers need to turn a graph into text. */
typedef struct RsPicture
{
	RsPictureGraph *graph;
	RsPictureParty *party;
	int			scale;			/* of the amounts */
	const char *unit;			/* yuan, share, or a word printed after the number */
	const char *title;			/* NULL: none */
	bool		english;
} RsPicture;

/* picture_text.c */
extern bool rs_picture_is_share(const RsPicture *p);
extern char *rs_picture_amount(const RsPicture *p, int128 amount);
extern char *rs_picture_exact(const RsPicture *p, int128 amount);
extern char *rs_picture_day(TimestampTz at);
extern void rs_picture_node_label(const RsPicture *p, const RsPictureNode *node, StringInfo out);
extern void rs_picture_node_line(const RsPicture *p, const RsPictureNode *node, const char *name, StringInfo out);
extern void rs_picture_edge_label(const RsPicture *p, const RsPictureEdge *edge, const char *separator, StringInfo out);
extern char *rs_picture_caption(const RsPicture *p);
extern void rs_picture_notes(const RsPicture *p, bool split_back, StringInfo out);
extern RsPictureLevel rs_picture_node_level(const RsPicture *p, const RsPictureNode *node);
extern const char *rs_picture_level_name(RsPictureLevel level);

/* Fill, border and text colour of a level: they differ in lightness, so a grey print keeps the order. */
typedef struct RsPictureStyle
{
	const char *name,
			   *fill,
			   *line,
			   *text;
	const char *dot_shape,
			   *dot_style;
	int			width;			/* of the border */
	const char *mermaid_open,
			   *mermaid_close;
} RsPictureStyle;

extern const RsPictureStyle *rs_picture_style(const RsPicture *p, const RsPictureNode *node);
extern const RsPictureStyle *rs_picture_styles(int *n);

/* picture_dot.c, picture_mermaid.c, picture_sankey.c */
extern char *rs_picture_dot(const RsPicture *p);
extern char *rs_picture_mermaid(const RsPicture *p);
extern char *rs_picture_sankey(const RsPicture *p);
extern char *rs_picture_sankey_option(const RsPicture *p);

#endif							/* RS_PICTURE_H */
