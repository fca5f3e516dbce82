-- A database at the first revision of the schema, with something in every table.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE cells (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	version_id TEXT, 
	revision INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT pk_cells PRIMARY KEY (seq), 
	CONSTRAINT uq_cells_id UNIQUE (id), 
	CONSTRAINT fk_cells_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE, 
	CONSTRAINT fk_cells_version_id FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE SET NULL
);
INSERT INTO "cells" VALUES(1,'cell','session',0,'sort_list','version_two',2,'2026-01-02 03:04:05.000002',NULL);
INSERT INTO "cells" VALUES(2,'scratch','session',1024,'scratch',NULL,1,'2026-01-02 03:04:05.000003','2026-01-02 03:04:05.000009');
CREATE TABLE runs (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	cell_id TEXT NOT NULL, 
	version_id TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	kernel_id TEXT NOT NULL, 
	upstream TEXT NOT NULL, 
	status TEXT NOT NULL, 
	"limit" TEXT NOT NULL, 
	message TEXT NOT NULL, 
	execution_count INTEGER, 
	outputs BLOB NOT NULL, 
	failure BLOB, 
	started_at DATETIME, 
	milliseconds DOUBLE, 
	CONSTRAINT pk_runs PRIMARY KEY (seq), 
	CONSTRAINT uq_runs_id UNIQUE (id), 
	CONSTRAINT fk_runs_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE, 
	CONSTRAINT fk_runs_cell_id FOREIGN KEY(cell_id) REFERENCES cells (id) ON DELETE CASCADE, 
	CONSTRAINT fk_runs_version_id FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
);
INSERT INTO "runs" VALUES(1,'run','session','cell','version_two','4256d545886f89ee05469870c664e6e613388e08136b9e2086687e4616e5d5dc','k1','{"scratch":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}','error','','ValueError',3,X'7A785EEDD0310A80301044D1ABC8D49EC0AB8848C0058BC404DD8022DEDD8047B0FDCDC087A9DE782B572FD567BF8A69D0E1BB85A45E5B485F2FEDD0DAEDF4D6ABC5983B16010410400001041040000104104000010410400001041040000104FE08E8995E79C0AD4E',X'7B226E616D65223A2256616C75654572726F72222C226D657373616765223A226E6F222C226672616D6573223A5B5D2C2268696464656E223A317D','2026-01-02 03:04:05.000008',12.5);
CREATE TABLE sessions (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	title TEXT NOT NULL, 
	head_turn_id TEXT, 
	target_cell_id TEXT, 
	draft TEXT NOT NULL, 
	sampling TEXT NOT NULL, 
	model_id TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT pk_sessions PRIMARY KEY (seq), 
	CONSTRAINT uq_sessions_id UNIQUE (id), 
	CONSTRAINT fk_sessions_head_turn_id FOREIGN KEY(head_turn_id) REFERENCES turns (id) ON DELETE SET NULL
);
INSERT INTO "sessions" VALUES(1,'session','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','Sorting','turn_b','cell','make it ','{"temperature":0.2,"seed":7}','qwen2.5-coder-0.5b',2,'2026-01-02 03:04:05.000000','2026-01-02 03:04:05.000010',NULL);
INSERT INTO "sessions" VALUES(2,'deleted','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','Deleted',NULL,NULL,'','{}','',2,'2026-01-02 03:04:05.000012','2026-01-02 03:04:05.000012','2026-01-02 03:04:05.000013');
CREATE TABLE shares (
	seq INTEGER NOT NULL, 
	token TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	document BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_shares PRIMARY KEY (seq), 
	CONSTRAINT uq_shares_token UNIQUE (token), 
	CONSTRAINT fk_shares_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
INSERT INTO "shares" VALUES(1,'share','session',X'7B227469746C65223A22536F7274696E67222C2263656C6C73223A5B5D7D','2026-01-02 03:04:05.000011','2026-01-02 03:04:05.000011',NULL);
CREATE TABLE turns (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	parent_id TEXT, 
	request TEXT NOT NULL, 
	prose TEXT NOT NULL, 
	status TEXT NOT NULL, 
	message TEXT NOT NULL, 
	target_cell_id TEXT, 
	cell_id TEXT, 
	version_id TEXT, 
	model TEXT NOT NULL, 
	quantisation TEXT NOT NULL, 
	sampling TEXT NOT NULL, 
	prompt_report BLOB NOT NULL, 
	tokens_in INTEGER, 
	tokens_out INTEGER, 
	seconds DOUBLE, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_turns PRIMARY KEY (seq), 
	CONSTRAINT uq_turns_id UNIQUE (id), 
	CONSTRAINT fk_turns_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE, 
	CONSTRAINT fk_turns_parent_id FOREIGN KEY(parent_id) REFERENCES turns (id) ON DELETE SET NULL, 
	CONSTRAINT fk_turns_target_cell_id FOREIGN KEY(target_cell_id) REFERENCES cells (id) ON DELETE SET NULL, 
	CONSTRAINT fk_turns_cell_id FOREIGN KEY(cell_id) REFERENCES cells (id) ON DELETE SET NULL, 
	CONSTRAINT fk_turns_version_id FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE SET NULL
);
INSERT INTO "turns" VALUES(1,'turn_a','session',NULL,'sort a list','It sorts.','done','','cell','cell','version_one','qwen','int4','{"seed":7}',X'7A785EEDD8210E80301044D1BB8C46D4D2AB1044C52AD242E88A92A677A71C02F7C78D7DF2775DE9F6AAB87595944D51F5A96E598BDC9ACFDF1802082080000208208000020820800002082080000208FC2EF015B9F3B03263DD1AC2D8C70B94C4392A',900,20,1.25,'2026-01-02 03:04:05.000001');
INSERT INTO "turns" VALUES(2,'turn_b','session','turn_a','in-place','','stopped','Stopped.',NULL,NULL,NULL,'','','{}',X'7B7D',NULL,NULL,NULL,'2026-01-02 03:04:05.000006');
INSERT INTO "turns" VALUES(3,'turn_c','session','turn_a','stable','','failed','',NULL,NULL,NULL,'','','{}',X'7B7D',NULL,NULL,NULL,'2026-01-02 03:04:05.000007');
CREATE TABLE versions (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	cell_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	parent_id TEXT, 
	origin TEXT NOT NULL, 
	status TEXT NOT NULL, 
	turn_id TEXT, 
	model TEXT NOT NULL, 
	quantisation TEXT NOT NULL, 
	sampling TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_versions PRIMARY KEY (seq), 
	CONSTRAINT uq_versions_id UNIQUE (id), 
	CONSTRAINT uq_versions_cell_id_number UNIQUE (cell_id, number), 
	CONSTRAINT fk_versions_cell_id FOREIGN KEY(cell_id) REFERENCES cells (id) ON DELETE CASCADE, 
	CONSTRAINT fk_versions_parent_id FOREIGN KEY(parent_id) REFERENCES versions (id) ON DELETE SET NULL, 
	CONSTRAINT fk_versions_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE SET NULL
);
INSERT INTO "versions" VALUES(1,'version_one','cell',1,'def sort_list(x):
    return sorted(x)
','49c5c52f8fa59ab24f1adf6139008d5682589afc07760b19cc4f2b922c9dc03f',NULL,'model','whole','turn_a','qwen','int4','{"seed":7}','2026-01-02 03:04:05.000004');
INSERT INTO "versions" VALUES(2,'version_two','cell',2,'def sort_list(x):
    x.sort()
','4256d545886f89ee05469870c664e6e613388e08136b9e2086687e4616e5d5dc','version_one','hand','whole',NULL,'','','{}','2026-01-02 03:04:05.000005');
CREATE INDEX ix_sessions_deleted_at ON sessions (deleted_at);
CREATE INDEX ix_sessions_head_turn_id ON sessions (head_turn_id);
CREATE INDEX ix_sessions_owner_updated_at ON sessions (owner, updated_at);
CREATE INDEX ix_cells_session_id ON cells (session_id);
CREATE INDEX ix_cells_version_id ON cells (version_id);
CREATE INDEX ix_turns_session_id ON turns (session_id);
CREATE INDEX ix_turns_parent_id ON turns (parent_id);
CREATE INDEX ix_turns_status ON turns (status);
CREATE INDEX ix_turns_target_cell_id ON turns (target_cell_id);
CREATE INDEX ix_turns_cell_id ON turns (cell_id);
CREATE INDEX ix_turns_version_id ON turns (version_id);
CREATE INDEX ix_versions_parent_id ON versions (parent_id);
CREATE INDEX ix_versions_status ON versions (status);
CREATE INDEX ix_versions_turn_id ON versions (turn_id);
CREATE INDEX ix_runs_session_id ON runs (session_id);
CREATE INDEX ix_runs_cell_id ON runs (cell_id);
CREATE INDEX ix_runs_version_id ON runs (version_id);
CREATE INDEX ix_runs_status ON runs (status);
CREATE INDEX ix_shares_session_id ON shares (session_id);
COMMIT;
