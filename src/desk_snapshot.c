/*
 * src/desk_snapshot.c
 *	  Refuse to screen, or to load a message, on a snapshot older than the newest one.
 *
 * Runs of a workspace come one after the other, by a lock. Waiting is enough in
 * READ COMMITTED, where the statement after the lock sees what the run before
 * left. In REPEATABLE READ the snapshot may be older than the lock: alerts and
 * grades that others committed would be invisible and be made a second time.
 * Every run writes a row of the workspace's table run, so a row there that the
 * newest snapshot sees and the transaction's does not tells. The table has one
 * row per day screened; all are read. Messages and the table feed_batch are the
 * same case: a key in force from an unseen message would be filed twice.
 */
#include "pg_compat.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * _require_newest_snapshot(run regclass, loading boolean) returns void
 *
 * To be called under a lock that keeps writers of the table away. Errors:
 * 40001 if the table has rows committed after the transaction's snapshot,
 * 42501 without SELECT on it. Does nothing in READ COMMITTED.
 */
PG_FUNCTION_INFO_V1(rs_require_newest_snapshot);
Datum
rs_require_newest_snapshot(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	bool		loading = PG_GETARG_BOOL(1);
	Relation	rel;
	Snapshot	newest;
	TableScanDesc scan;
	TupleTableSlot *slot;
	bool		stale = false;

	if (!IsolationUsesXactSnapshot())
		PG_RETURN_VOID();
	rel = table_open(relid, AccessShareLock);
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	newest = RegisterSnapshot(GetLatestSnapshot());
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, newest, 0, NULL);
	while (!stale && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		stale = !table_tuple_satisfies_snapshot(rel, slot, GetActiveSnapshot());
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(newest);
	table_close(rel, AccessShareLock);
	if (stale)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 loading ? errmsg("could not load: another message was committed after this transaction's snapshot was taken")
				 : errmsg("could not screen: another run was committed after this transaction's snapshot was taken"),
				 loading ? errdetail("In this transaction the rows of that message are not visible and could be filed twice.")
				 : errdetail("In this transaction the alerts of that run are not visible and would be raised again."),
				 errhint("Repeat the transaction.")));
	PG_RETURN_VOID();
}
