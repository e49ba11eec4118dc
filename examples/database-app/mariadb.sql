-- A small app whose only API is its database. "owner" is the app; "gateway" may do what Postern needs.
CREATE DATABASE desk CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
USE desk;
CREATE TABLE users (
  id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  username varchar(100) NOT NULL UNIQUE,
  first_name varchar(100),
  last_name varchar(100) NOT NULL,
  email varchar(190) UNIQUE,
  disabled_at datetime(6),
  is_service tinyint(1) NOT NULL DEFAULT 0,
  password_hash varchar(200) NOT NULL,
  created_at datetime(6) NOT NULL DEFAULT current_timestamp(6),
  updated_at datetime(6) NOT NULL DEFAULT current_timestamp(6)
);
CREATE TABLE teams (
  id char(36) NOT NULL PRIMARY KEY,
  name varchar(100) NOT NULL UNIQUE,
  created_at datetime(6) NOT NULL DEFAULT current_timestamp(6)
);
CREATE TABLE team_members (
  id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  team_id char(36) NOT NULL,
  user_id bigint unsigned NOT NULL,
  UNIQUE KEY member_once (team_id, user_id),
  FOREIGN KEY (team_id) REFERENCES teams (id),
  FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE TABLE tickets (
  id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  owner_id bigint unsigned NOT NULL,
  FOREIGN KEY (owner_id) REFERENCES users (id)
);
CREATE USER owner@'127.0.0.1' IDENTIFIED BY 'owner-s3cret';
GRANT ALL ON *.* TO owner@'127.0.0.1';
CREATE USER gateway@'127.0.0.1' IDENTIFIED BY 'gate-s3cret';
GRANT SELECT, INSERT, UPDATE, DELETE ON desk.users TO gateway@'127.0.0.1';
GRANT SELECT, INSERT, UPDATE, DELETE ON desk.teams TO gateway@'127.0.0.1';
GRANT SELECT, INSERT, UPDATE, DELETE ON desk.team_members TO gateway@'127.0.0.1';
