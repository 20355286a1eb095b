-- Narrow rows: @events of them, over @projects and @users. A large odd factor spreads values without chance.
INSERT INTO events
SELECT
  seq,
  1 + h % @projects,
  IF(seq % 8 = 0, NULL, 1 + (h DIV 7) % @users),
  h % 12,
  h % 5 = 0,
  (h % 1000000) / 100,
  FROM_UNIXTIME(1577836800 + seq * 5 + h % 3600)
FROM (SELECT seq, seq * 2654435761 % 4294967296 AS h FROM seq_1_to_100000000 WHERE seq <= @events) AS numbered;
