-- institution: what the register says.
SELECT inst_id, uscc, kind, status, province, city, address, registered_on, registered_capital, paid_in_capital, employees, group_id, scope_text,
	   array_to_string(operating_provinces, '、') AS operating_provinces
  FROM institution
 ORDER BY inst_id;
