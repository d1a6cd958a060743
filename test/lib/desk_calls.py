"""desk_calls.py - one call, on the screened sample desk, of every function that reads query texts or a desk.

For tests that need every such function: who may see what (roles.t), what
clients receive (clients.t). CHANGES are those that change something.
"""
DAY = "2026-11-20"
T, H, F = "'desk.txn'", "'SELECT * FROM desk.equity'", "'desk.fact'"
CLAIMS = "'SELECT t.inst_id AS claim, txn_id FROM desk.txn AS t JOIN desk.account AS a ON a.account_id = t.payee WHERE a.inst_id = ''O0001'' AND a.owner_kind = ''custody'''"
SEEDS = "ARRAY(SELECT account_id FROM desk.account WHERE inst_id = 'O0001' ORDER BY 1)"
OWN = "ARRAY['O0001']"
ALERT = "(SELECT min(alert_id) FROM desk.alert WHERE inst_id = 'O0001')"
CALLS = {
    "account_profile": T, "check_transfers": T,
    "trace_funds": T + ", " + SEEDS, "trace_accounts": T + ", " + SEEDS, "trace_summary": T + ", " + SEEDS, "trace_paths": T + ", " + SEEDS + ", max_hops => 4",
    "attribute_funds": T + ", " + CLAIMS, "attribution_band": T + ", " + CLAIMS,
    "explain_attribution": T + ", " + CLAIMS + ", txn_id => (SELECT min(txn_id::text) FROM desk.txn JOIN desk.account ON account_id = payer WHERE account.inst_id = 'O0001')",
    "find_cycles": T, "find_fan_in": T + ", 5, '3 days'", "find_fan_out": T + ", 5, '3 days'", "find_gather_scatter": T + ", 3, '3 days'",
    "find_scatter_gather": T + ", 2, '3 days'", "find_pass_through": T + ", '1 day', 0.05", "find_structuring": T + ", 50000, 0.1, 3, '1 day'",
    "fund_pools": T + ", 3, 3",
    "flow_groups": "'SELECT payer AS a, payee AS b FROM desk.txn'",
    "look_through": H, "controllers": H, "check_holdings": H, "control_groups": H, "related_parties": H,
    "ownership_paths": H + ", (SELECT min(owned) FROM desk.equity), (SELECT min(owner) FROM desk.equity)",
    "beneficial_owners": H + ", 'SELECT party_id AS party, kind FROM desk.party'",
    "product_layers": H + ", 'SELECT DISTINCT owned AS party FROM desk.equity'", "final_investors": H + ", 'SELECT DISTINCT owned AS party FROM desk.equity'",
    "product_violations": H + ", 'SELECT DISTINCT owned AS party FROM desk.equity'",
    **{name: "'%s', 'desk'" % DAY for name in ("desk_ultimate_owners", "desk_control_groups", "desk_nested_products", "desk_product_violations", "desk_product_parts", "desk_investor_counts")},
    "grade": F + ", 'institution', '%s'" % DAY, "explain_grade": F + ", 'institution', '%s'" % DAY, "shadow_grade": F + ", 'institution', 'institution', '%s'" % DAY,
    "migration_matrix": F + ", 'institution', 'institution', '%s'" % DAY,
    "backtest": F + ", 'SELECT inst_id AS entity, as_of AS failed_on FROM desk.grade_history WHERE level = ''red'' AND as_of = ''2026-11-20''', 'institution', '2026-11-19', '%s'" % DAY,
    "roll_matrix": "'SELECT loan_id AS loan, date ''2026-11-20'' AS as_of, ''a'' AS bucket, amount FROM desk.loan'",
    "describe_query": "'transfers', " + T, "preview_query": "'transfers', " + T,
    "flow_nodes": "'desk', 'account', " + SEEDS, "check_seals": "'desk', '%s', '%s'" % (DAY, DAY),
    "check_mapping": "'desk'", "report": "'desk', '%s'" % DAY, "risk_letter": "'desk', " + ALERT, "run_rule": "'desk', 'B12', '%s'" % DAY,
}
# those that read the desk whose schema is in the search_path: PATH
PATH = "desk, public"
BY_PATH = {
    "desk_related_parties": "'%s'" % DAY, "desk_money": "'2026-11-01', '2026-11-21', ARRAY(SELECT DISTINCT inst_id FROM desk.loan ORDER BY 1)",
    "desk_findings": "'%s', 'infinity', ARRAY(SELECT code FROM risk_screen.rule ORDER BY 1)" % DAY,
    "desk_gaps": "'%s', 'infinity', ARRAY(SELECT code FROM risk_screen.rule ORDER BY 1)" % DAY, "desk_name_hits": "'%s'" % DAY,
}
# those that return rows and read no desk
TEXTS = {
    "check_lexicon": "'CN-2016-21'", "lexicon_versions": "'CN-2016-21'", "check_ruleset": "'institution', 1", "find_terms": "'数字藏品投资理财'",
    "screen_name": "'上海某某金融信息服务有限公司', province => '上海'", "screen_scope": "'信息咨询、资产管理、理财'", "screen_ad": "'保本高息，年化收益12%'",
    "scope_items": "'信息咨询；软件开发'", "disposal_class": "'red', 3, 2, 2", "help": "",
}
CHANGES = {"load_feed", "open_feed", "seal_day", "seal_proof", "close_alert", "create_flow_graph", "create_ownership_graph", "create_workspace", "decide_disposal", "map_role", "pause_alert", "record_action", "resume_alert", "review_alert", "screen"}

# names of public functions that read a query text or a desk
READERS = """SELECT DISTINCT proname FROM pg_proc p WHERE pronamespace = 'risk_screen'::regnamespace AND proname !~ '^_' AND EXISTS (
	SELECT FROM unnest(proargnames) WITH ORDINALITY x (a, n) WHERE a IN ('transfers', 'holdings', 'links', 'facts', 'positions', 'query', 'workspace', 'claims')
	   AND (proargmodes IS NULL OR proargmodes[n] = 'i'))"""
