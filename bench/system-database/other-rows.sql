-- All rows but the events: @accounts, @users, @projects, @documents, @attachments and @journals of them, without chance.
SET SESSION group_concat_max_len = 16777216;

-- Text and noise to cut values from. Text is made of blocks of 16 bytes, a word and five hex digits, so that a cut between
-- blocks is one between characters, and compresses about as JSON and prose do.
CREATE TEMPORARY TABLE pool (text longblob NOT NULL, noise longblob NOT NULL) ENGINE = Aria;
INSERT INTO pool
SELECT
  (SELECT GROUP_CONCAT(CONCAT(word, REPEAT(' ', 11 - OCTET_LENGTH(word)), LEFT(MD5(seq), 5)) ORDER BY seq SEPARATOR '')
    FROM (SELECT seq, ELT(1 + CRC32(seq) % 24, 'gateway', 'invoice', 'the', 'Größe', 'of', '数据', 'mapping', 'policy ', '"id": ',
      '{"name":', 'rate limit', '\n', 'naïve', 'is', '\t<p>', 'ключ', 'and', 'https://', 'proxy\\', 'metric', '😀 ok', 'a', 'plan',
      'traffic')
      AS word FROM seq_1_to_65536) AS words),
  (SELECT GROUP_CONCAT(UNHEX(SHA2(seq, 512)) ORDER BY seq SEPARATOR '') FROM seq_1_to_16384);

INSERT INTO accounts
SELECT
  seq,
  CONCAT('account-', seq, '.example.com'),
  CONCAT('Größe ', seq, ' 株式会社'),
  IF(seq % 4 = 0, NULL, ELT(1 + seq % 3, 'basic', 'pro', 'enterprise')),
  seq % 10 <> 0,
  (h % 100000000) / 100,
  CONVERT(SUBSTRING(text, 1 + 16 * (h % 60000), 160 + 16 * (h % 20)) USING utf8mb4),
  FROM_UNIXTIME(1400000000 + seq * 60),
  IF(seq % 3 = 0, NULL, FROM_UNIXTIME(1500000000 + seq * 60))
FROM (SELECT seq, seq * 2654435761 % 4294967296 AS h FROM seq_1_to_100000000 WHERE seq <= @accounts) AS numbered, pool;

INSERT INTO users
SELECT
  seq,
  1 + h % @accounts,
  CONCAT(LEFT(MD5(seq), 8), '.', seq, '@example.com'),
  CONCAT('Zoë Müller ', seq),
  IF(seq % 5 = 0, NULL, ELT(1 + seq % 3, 'member', 'admin', 'viewer')),
  seq % 12 = 0,
  IF(seq % 6 = 0, NULL, (h % 1000000000) / 10000),
  IF(seq % 3 = 0, NULL, FROM_UNIXTIME(1600000000 + seq * 60)),
  FROM_UNIXTIME(1400000000 + seq * 60)
FROM (SELECT seq, seq * 2654435761 % 4294967296 AS h FROM seq_1_to_100000000 WHERE seq <= @users) AS numbered;

INSERT INTO projects
SELECT
  seq,
  1 + h % @accounts,
  CONCAT('project-', seq),
  IF(seq % 7 = 0, NULL, CONVERT(SUBSTRING(text, 1 + 16 * (h % 60000), 16 * (h % 12)) USING utf8mb4)),
  IF(seq % 9 = 0, NULL, seq % 2),
  FROM_UNIXTIME(1450000000 + seq * 60),
  IF(seq % 3 = 0, NULL, FROM_UNIXTIME(1500000000 + seq * 60))
FROM (SELECT seq, seq * 2654435761 % 4294967296 AS h FROM seq_1_to_100000000 WHERE seq <= @projects) AS numbered, pool;

-- 0.1 to 63 KB, most of them short.
INSERT INTO documents
SELECT
  seq,
  1 + h % @projects,
  1 + (h DIV 7) % @users,
  CONCAT('Document ', seq),
  CONVERT(SUBSTRING(text, 1 + 16 * (h % 60000), 16 * FLOOR(6 * EXP(6.5 * POW(h % 65536 / 65536, 2.3)))) USING utf8mb4),
  seq % 3 <> 0,
  1 + h % 40,
  FROM_UNIXTIME(1500000000 + seq * 60),
  FROM_UNIXTIME(1600000000 + h % 50000000)
FROM (SELECT seq, seq * 2654435761 % 4294967296 AS h FROM seq_1_to_100000000 WHERE seq <= @documents) AS numbered, pool;

-- Two of three do not compress; some are empty, some NULL.
INSERT INTO attachments
SELECT
  seq,
  1 + h % @documents,
  CONCAT('file-', seq, IF(seq % 3 = 0, '.txt', '.png')),
  IF(seq % 10 = 0, NULL, IF(seq % 3 = 0, 'text/plain', 'image/png')),
  IF(seq % 50 = 0, NULL, SUBSTRING(IF(seq % 3 = 0, text, noise), 1 + h % 900000, IF(seq % 40 = 0, 0, h % 10240))),
  FROM_UNIXTIME(1550000000 + seq * 60)
FROM (SELECT seq, seq * 2654435761 % 4294967296 AS h FROM seq_1_to_100000000 WHERE seq <= @attachments) AS numbered, pool;

-- NULLs in every column that may hold one, and zero dates.
INSERT INTO journals
SELECT
  seq,
  IF(seq % 5 = 0, NULL, 1 + h % @users),
  ELT(1 + seq % 4, 'create', 'update', 'destroy', 'login'),
  IF(seq % 4 = 0, NULL, CONVERT(SUBSTRING(text, 1 + 16 * (h % 60000), 16 * (h % 12)) USING utf8mb4)),
  IF(seq % 3 = 0, NULL, (h % 1000000000) / 10000 - 50000),
  IF(seq % 7 = 0, NULL, seq % 2),
  IF(seq % 11 = 0, '0000-00-00 00:00:00', IF(seq % 6 = 0, NULL, FROM_UNIXTIME(1500000000 + seq * 60))),
  IF(seq % 13 = 0, '0000-00-00 00:00:00', IF(seq % 2 = 0, NULL, FROM_UNIXTIME(1500003600 + seq * 60))),
  FROM_UNIXTIME(1500000000 + seq * 60)
FROM (SELECT seq, seq * 2654435761 % 4294967296 AS h FROM seq_1_to_100000000 WHERE seq <= @journals) AS numbered, pool;
