-- overdue: deadlines missed by the clock when the site was built.
SELECT alert_id, level, level_zh, inst_id, name, requirement, requirement_zh, action, target, due_at, done_at, late_hours
  FROM overdue_action
 ORDER BY late_by DESC, alert_id, requirement COLLATE "C", target;
