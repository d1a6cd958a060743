/*
 * src/graph_evidence.c
 *	  Can anything have changed in the tables behind a query? Asking their pages.
 *
 * Every change of a logged heap table leaves its position in the write-ahead
 * log on the page it touches, and positions only grow. So storage, number of
 * pages and greatest position of all tables (and partitions) of a query are
 * evidence: as long as they stay the same, nothing has been written, and a
 * query without functions that may look elsewhere still returns the same rows.
 *
 * The converse is not claimed: a vacuum or a rolled back change also leaves its
 * mark. Evidence is only taken when it is sound: not under a snapshot older
 * than it, and not while another transaction holds a lock for writing (what it
 * wrote would be on the pages and not yet in the rows). Cost: 0.1 to 2
 * microseconds a page; none is taken above MOST_PAGES.
 */
#include "pg_compat.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "rewrite/prs2lock.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "graph_catalog.h"

#define MOST_PAGES 131072		/* 1 GB */

typedef struct Digest
{
	uint64		hash;
	uint64		pages;
	bool		writers;		/* others may have written what is not committed */
} Digest;

static void
digest_number(Digest *d, uint64 n)
{
	d->hash = hash_bytes_extended((const unsigned char *) &n, sizeof(n), d->hash);
}

/* What a query sees of a relation beside its rows: columns, a view's definition. */
static void
digest_shape(Digest *d, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		digest_number(d, att->attisdropped ? 0 : att->atttypid);
		d->hash = hash_bytes_extended((const unsigned char *) NameStr(att->attname),
									  (int) strlen(NameStr(att->attname)), d->hash);
	}
	if (rel->rd_rel->relkind == RELKIND_VIEW)
		for (int i = 0; i < rel->rd_rules->numLocks; i++)
		{
			char	   *rule = nodeToString(rel->rd_rules->rules[i]->actions);

			d->hash = hash_bytes_extended((const unsigned char *) rule, (int) strlen(rule), d->hash);
			pfree(rule);
		}
}

/* False: this relation's pages tell nothing. */
static bool
digest_relation(Digest *d, Oid oid)
{
	Relation	rel = try_relation_open(oid, AccessShareLock);
	BufferAccessStrategy strategy;
	BlockNumber nblocks;
	XLogRecPtr	latest = 0;
	LOCKTAG		tag;
	int			count = 0;
	bool		sound = true;

	digest_number(d, oid);
	if (rel == NULL)
		return true;			/* gone: differs from before */
	digest_shape(d, rel);
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_VIEW:
		case RELKIND_PARTITIONED_TABLE:
			break;
		case RELKIND_RELATION:
		case RELKIND_MATVIEW:
			if (rel->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT ||
				rel->rd_rel->relam != HEAP_TABLE_AM_OID || rel->rd_rel->relrowsecurity)
			{
				sound = false;
				break;
			}
			SET_LOCKTAG_RELATION(tag, MyDatabaseId, oid);
			(void) GetLockConflicts(&tag, ShareLock, &count);
			d->writers |= count > 0;
			nblocks = RelationGetNumberOfBlocks(rel);
			d->pages += nblocks;
			if (d->pages > MOST_PAGES)
			{
				sound = false;
				break;
			}
			strategy = GetAccessStrategy(BAS_BULKREAD);
			for (BlockNumber block = 0; block < nblocks; block++)
			{
				Buffer		buffer = ReadBufferExtended(rel, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
				XLogRecPtr	at = BufferGetLSNAtomic(buffer);

				latest = Max(latest, at);
				ReleaseBuffer(buffer);
				if ((block & 0xff) == 0)
					CHECK_FOR_INTERRUPTS();
			}
			FreeAccessStrategy(strategy);
			digest_number(d, RS_RELATION_STORAGE(rel));
			digest_number(d, nblocks);
			digest_number(d, latest);
			break;
		default:
			sound = false;
	}
	relation_close(rel, AccessShareLock);
	return sound;
}

/* "oid oid ...:digest", or NULL when the pages of these relations tell nothing. */
static char *
evidence_of(int n, const Oid *oid, bool no_writers)
{
	Digest		d = {.hash = n};
	StringInfoData s;

	initStringInfo(&s);
	for (int i = 0; i < n; i++)
	{
		List	   *children;
		ListCell   *lc;

		/* it may be gone, and must not go while its children are looked for */
		LockRelationOid(oid[i], AccessShareLock);
		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(oid[i])))
		{
			UnlockRelationOid(oid[i], AccessShareLock);
			digest_number(&d, 0);
			continue;
		}
		children = find_all_inheritors(oid[i], AccessShareLock, NULL);
		foreach(lc, children)
			if (!digest_relation(&d, lfirst_oid(lc)))
				return NULL;
		appendStringInfo(&s, "%u ", oid[i]);
	}
	if (no_writers && d.writers)
		return NULL;
	appendStringInfo(&s, ":%016llx", (unsigned long long) d.hash);
	return s.data;
}

/*
 * Evidence to be recorded with a build. Take it before the snapshot that the
 * build reads with.
 */
char *
rs_graph_evidence(int n, const Oid *relations)
{
	if (n == 0 || IsolationUsesXactSnapshot())
		return NULL;
	return evidence_of(n, relations, true);
}

/* Do these relations still look as they did when the evidence was taken? */
bool
rs_graph_evidence_holds(const char *evidence, int n, const Oid *relations)
{
	char	   *now;

	if (n == 0 || IsolationUsesXactSnapshot())
		return false;
	now = evidence_of(n, relations, false);
	return now != NULL && strcmp(now, evidence) == 0;
}

/* Do the relations it names? */
bool
rs_graph_evidence_unchanged(const char *evidence)
{
	Oid		   *oid = palloc(sizeof(Oid) * (strlen(evidence) / 2 + 1));	/* a number and a space each */
	int			n = 0;
	const char *at = evidence;
	char	   *now;

	while (*at >= '0' && *at <= '9')
	{
		char	   *end;

		oid[n++] = (Oid) strtoul(at, &end, 10);
		at = end + (*end == ' ');
	}
	if (*at != ':' || n == 0)
		return false;
	now = evidence_of(n, oid, false);
	return now != NULL && strcmp(now, evidence) == 0;
}
