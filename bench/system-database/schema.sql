-- What the bench moves: 7 tables, 20 indexes (7 of them primary keys), 8 foreign keys. Not 3scale's; the shape of a large one.
CREATE TABLE accounts (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  domain varchar(255) NOT NULL,
  name varchar(255) NOT NULL,
  plan varchar(40) DEFAULT NULL,
  active tinyint(1) NOT NULL DEFAULT 1,
  credit decimal(12,2) NOT NULL DEFAULT 0.00,
  settings text,
  created_at datetime NOT NULL,
  updated_at datetime DEFAULT NULL,
  UNIQUE KEY accounts_on_domain (domain)
);

CREATE TABLE users (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id int NOT NULL,
  email varchar(190) NOT NULL,
  name varchar(255) NOT NULL,
  role varchar(30) DEFAULT NULL,
  admin tinyint(1) NOT NULL DEFAULT 0,
  score decimal(10,4) DEFAULT NULL,
  last_login_at datetime DEFAULT NULL,
  created_at datetime NOT NULL,
  UNIQUE KEY users_on_email (email),
  KEY users_on_account (account_id),
  CONSTRAINT users_account FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE TABLE projects (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id int NOT NULL,
  system_name varchar(100) NOT NULL,
  description text,
  public tinyint(1) DEFAULT NULL,
  created_at datetime NOT NULL,
  updated_at datetime DEFAULT NULL,
  UNIQUE KEY projects_on_account_and_name (account_id, system_name),
  CONSTRAINT projects_account FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE TABLE documents (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  project_id int NOT NULL,
  author_id int NOT NULL,
  title varchar(255) NOT NULL,
  body mediumtext,
  published tinyint(1) NOT NULL DEFAULT 0,
  version int NOT NULL DEFAULT 1,
  created_at datetime NOT NULL,
  updated_at datetime NOT NULL,
  KEY documents_on_project_and_time (project_id, updated_at),
  KEY documents_on_author (author_id),
  CONSTRAINT documents_project FOREIGN KEY (project_id) REFERENCES projects (id),
  CONSTRAINT documents_author FOREIGN KEY (author_id) REFERENCES users (id)
);

CREATE TABLE attachments (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  document_id int NOT NULL,
  file_name varchar(255) NOT NULL,
  content_type varchar(80) DEFAULT NULL,
  content mediumblob,
  created_at datetime NOT NULL,
  KEY attachments_on_document (document_id),
  CONSTRAINT attachments_document FOREIGN KEY (document_id) REFERENCES documents (id)
);

CREATE TABLE journals (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id int DEFAULT NULL,
  action varchar(30) NOT NULL,
  detail varchar(500) DEFAULT NULL,
  amount decimal(14,4) DEFAULT NULL,
  flagged tinyint(1) DEFAULT NULL,
  started_at datetime DEFAULT NULL,
  ended_at datetime DEFAULT NULL,
  created_at datetime NOT NULL,
  KEY journals_on_user (user_id),
  KEY journals_on_time (created_at),
  CONSTRAINT journals_user FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE TABLE events (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  project_id int NOT NULL,
  user_id int DEFAULT NULL,
  kind smallint NOT NULL,
  billable tinyint(1) NOT NULL DEFAULT 0,
  amount decimal(10,2) NOT NULL,
  created_at datetime NOT NULL,
  KEY events_on_project_and_time (project_id, created_at),
  KEY events_on_user (user_id),
  KEY events_on_time (created_at),
  KEY events_on_kind_and_time (kind, created_at),
  CONSTRAINT events_project FOREIGN KEY (project_id) REFERENCES projects (id),
  CONSTRAINT events_user FOREIGN KEY (user_id) REFERENCES users (id)
);
