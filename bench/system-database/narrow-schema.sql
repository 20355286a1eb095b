-- For the growth of time with rows: narrow rows alone, with one index beside the primary key.
CREATE TABLE events (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  project_id int NOT NULL,
  user_id int DEFAULT NULL,
  kind smallint NOT NULL,
  billable tinyint(1) NOT NULL DEFAULT 0,
  amount decimal(10,2) NOT NULL,
  created_at datetime NOT NULL,
  KEY events_on_project_and_time (project_id, created_at)
);
