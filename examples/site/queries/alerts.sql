-- alerts: the queue, gravest and most urgent first.
SELECT q.*, p.title_zh AS next_requirement_zh
  FROM alert_queue AS q
  LEFT JOIN risk_screen.requirement AS p ON p.code = q.next_requirement
 ORDER BY q.level::risk_screen.risk_level DESC, q.next_due_at NULLS LAST, q.amount DESC NULLS LAST, q.alert_id;
