-- province: institutions by province and level.
SELECT coalesce(province, '（未备案）') AS province, count(*) AS institutions, count(*) FILTER (WHERE level = 'red') AS red, count(*) FILTER (WHERE level = 'orange') AS orange,
	   count(*) FILTER (WHERE level = 'yellow') AS yellow, count(*) FILTER (WHERE level = 'unknown') AS unknown, count(*) FILTER (WHERE level = 'green') AS green
  FROM risk_board
 GROUP BY 1
 ORDER BY red DESC, orange DESC, yellow DESC, institutions DESC, 1;
