-- money: who holds the lenders' money of each institution that was followed.
SELECT inst_id, account_id, owner_id, coalesce(owner_name, '（户主未备案）') AS owner_name, owner_kind_zh, received, sent, held, exited, share_held, related, first_at, last_at
  FROM money_destination
 ORDER BY inst_id, related DESC, held DESC, exited DESC, account_id COLLATE "C";
