BEGIN TRANSACTION;
CREATE TABLE acceptances (
	id INTEGER NOT NULL, 
	alignment_run_id INTEGER NOT NULL, 
	CONSTRAINT pk_acceptances PRIMARY KEY (id), 
	CONSTRAINT fk_acceptances_alignment_run_id_alignment_runs FOREIGN KEY(alignment_run_id) REFERENCES alignment_runs (id), 
	CONSTRAINT fk_acceptances_id_activities FOREIGN KEY(id) REFERENCES activities (id)
);
INSERT INTO "acceptances" VALUES(10,4);
CREATE TABLE activities (
	id INTEGER NOT NULL, 
	kind VARCHAR(24) NOT NULL, 
	status VARCHAR(24) NOT NULL, 
	agent VARCHAR(64) NOT NULL, 
	skydb_version VARCHAR(32) NOT NULL, 
	parameters JSON NOT NULL, 
	environment_id INTEGER, 
	process_id INTEGER, 
	tool_version VARCHAR(64), 
	imported_by_id INTEGER, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	error TEXT, 
	log_path TEXT, 
	deleted_at DATETIME, 
	CONSTRAINT pk_activities PRIMARY KEY (id), 
	CONSTRAINT fk_activities_environment_id_environments FOREIGN KEY(environment_id) REFERENCES environments (id), 
	CONSTRAINT fk_activities_imported_by_id_activities FOREIGN KEY(imported_by_id) REFERENCES activities (id), 
	CONSTRAINT fk_activities_process_id_processes FOREIGN KEY(process_id) REFERENCES processes (id), 
	CONSTRAINT ck_activities_activitystatus CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'interrupted'))
);
INSERT INTO "activities" VALUES(1,'ingest','pending','somebody','0.1.0','{}',NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.434532',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,'download','pending','somebody','0.1.0','{}',1,NULL,NULL,NULL,'2026-11-30 22:09:00.442974',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,'catalog','pending','somebody','0.1.0','{}',1,NULL,NULL,NULL,'2026-11-30 22:09:00.469847',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(4,'alignment','pending','somebody','0.1.0','{}',1,NULL,'drizzlepac 3.11.0',NULL,'2026-11-30 22:09:00.469949',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,'sky-run','succeeded','somebody','0.1.0','{}',1,NULL,'drizzlepac 3.11.0',NULL,'2026-11-30 22:09:00.482664','2026-01-10 12:00:00.000000','2026-11-30 22:09:00.482863',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(6,'sky-run','succeeded','somebody','0.1.0','{}',1,NULL,'drizzlepac 3.11.0',NULL,'2026-11-30 22:09:00.483063','2026-01-10 12:00:00.000000','2026-11-30 22:09:00.483183',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(7,'sky-run','succeeded','somebody','0.1.0','{}',1,NULL,'drizzlepac 3.11.0',NULL,'2026-11-30 22:09:00.483349','2026-01-10 12:00:00.000000','2026-11-30 22:09:00.483603',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(8,'sky-run','succeeded','somebody','0.1.0','{}',1,NULL,'drizzlepac 3.11.0',NULL,'2026-11-30 22:09:00.483773','2026-02-20 12:00:00.000000','2026-11-30 22:09:00.483908',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(9,'sky-run','succeeded','somebody','0.1.0','{}',2,NULL,'drizzlepac 3.11.0',NULL,'2026-11-30 22:09:00.484056','2026-03-01 12:00:00.000000','2026-11-30 22:09:00.484131',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(10,'acceptance','pending','somebody','0.1.0','{}',1,NULL,'drizzlepac 3.11.0',NULL,'2026-11-30 22:09:00.476947',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(11,'ingest','succeeded','somebody','0.2.0','{"paths": ["@ROOT@/field", "@ROOT@/broken_flt.fits"], "files": 3}',3,1,NULL,NULL,'2026-11-30 22:09:00.814389','2026-11-30 22:09:00.816880','2026-11-30 22:09:00.882181',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(12,'catalog','succeeded','somebody','0.2.0','{"path": "@ROOT@/field/gaia.ecsv", "epoch": 2016.0, "name": "simulated"}',3,1,NULL,NULL,'2026-11-30 22:09:00.969943','2026-11-30 22:09:00.971231','2026-11-30 22:09:00.985146',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(13,'import','succeeded','somebody','0.2.0','{"directory": "@ROOT@/old", "runs": {"new": 1, "known": 0, "skipped": 0}}',3,1,NULL,NULL,'2026-11-30 22:09:01.114654','2026-11-30 22:09:01.115841','2026-11-30 22:09:01.147702',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(14,'sky-run','succeeded','somebody','0.2.0','{"astrodrizzle": {"Processing": {"output": "f160w_match", "input": "*flt.fits"}, "Sky Subtraction": {"skymethod": "match", "skysub": "True"}}, "inputs": ["ibxl50clq_flt.fits", "ibxl50cqq_flt.fits"], "output": "f160w_drz.fits", "written": ["f160w_match_drz_sci.fits"], "clock": "local time of an unknown zone, recorded as if it were UTC", "log": {"name": "astrodrizzle.log", "directory": "@ROOT@/old", "first_line": 2, "last_line": 37, "identity": "9531cf016ec85e44366332800d06107d75acf203b1a5b66c6f51128bfb53654a", "lines": 36}, "complete": true, "skysub": "True", "reference_skies": {}, "applied_before_the_end": []}',4,NULL,'AstroDrizzle 2.2.6',13,'2026-11-30 22:09:01.135936','2019-04-30 14:15:00.100000','2019-04-30 14:15:09.500000',NULL,'history/3ae81b422d6c/astrodrizzle.log',NULL);
INSERT INTO "activities" VALUES(15,'sky-run','succeeded','somebody','0.2.0','{"skydb": {"statistic": {"stat": "median", "clip": 5, "lower_sigma": 4.0, "upper_sigma": 4.0, "width_sigma": 0.1, "sky_bits": 16, "reset_bits": 4096, "algorithm": 4}, "recipe": "8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73"}, "inputs": ["4a963c4128cb101dd9b0cfcee075f51b1250980fee36b90f7cd4eb24edc991b4", "7879056fe102c9d87d028fdd0281f20f4bc329a88f9bdfd8608cf70beba5c64f"]}',3,1,'skydb 0.2.0',NULL,'2026-11-30 22:09:01.521389','2026-11-30 22:09:01.536116','2026-11-30 22:09:01.633676',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(16,'sky-run','succeeded','somebody','0.2.0','{"skydb": {"statistic": {"stat": "median", "clip": 5, "lower_sigma": 4.0, "upper_sigma": 4.0, "width_sigma": 0.1, "sky_bits": 16, "reset_bits": 4096, "algorithm": 4}, "recipe": "8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73"}, "inputs": ["4a963c4128cb101dd9b0cfcee075f51b1250980fee36b90f7cd4eb24edc991b4", "7879056fe102c9d87d028fdd0281f20f4bc329a88f9bdfd8608cf70beba5c64f"]}',3,1,'skydb 0.2.0',NULL,'2026-11-30 22:09:01.527566','2026-11-30 22:09:01.536173','2026-11-30 22:09:01.637038',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(17,'sky-run','succeeded','somebody','0.2.0','{"skydb": {"statistic": {"stat": "median", "clip": 5, "lower_sigma": 4.0, "upper_sigma": 4.0, "width_sigma": 0.1, "sky_bits": 16, "reset_bits": 4096, "algorithm": 4}, "recipe": "8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73"}, "inputs": ["4a963c4128cb101dd9b0cfcee075f51b1250980fee36b90f7cd4eb24edc991b4", "7879056fe102c9d87d028fdd0281f20f4bc329a88f9bdfd8608cf70beba5c64f"]}',3,1,'skydb 0.2.0',NULL,'2026-11-30 22:09:01.531205','2026-11-30 22:09:01.536217','2026-11-30 22:09:01.639554',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(18,'sky-run','succeeded','somebody','0.2.0','{"skydb": {"statistic": {"stat": "median", "clip": 5, "lower_sigma": 4.0, "upper_sigma": 4.0, "width_sigma": 0.1, "sky_bits": 16, "reset_bits": 4096, "algorithm": 4}, "recipe": "8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73"}, "inputs": ["4a963c4128cb101dd9b0cfcee075f51b1250980fee36b90f7cd4eb24edc991b4", "7879056fe102c9d87d028fdd0281f20f4bc329a88f9bdfd8608cf70beba5c64f"]}',3,1,'skydb 0.2.0',NULL,'2026-11-30 22:09:01.534451','2026-11-30 22:09:01.536265','2026-11-30 22:09:01.642358',NULL,NULL,NULL);
INSERT INTO "activities" VALUES(19,'overlap','succeeded','somebody','0.2.0','{"statistic": {"stat": "median", "clip": 5, "lower_sigma": 4.0, "upper_sigma": 4.0, "width_sigma": 0.1, "sky_bits": 16, "reset_bits": 4096, "algorithm": 4}, "recipe": "8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73", "chips": 2, "pairs": 1, "afresh": false}',3,1,NULL,NULL,'2026-11-30 22:09:01.582326','2026-11-30 22:09:01.588669','2026-11-30 22:09:01.606990',NULL,NULL,NULL);
CREATE TABLE activity_generated (
	activity_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	role VARCHAR(24) NOT NULL, 
	CONSTRAINT pk_activity_generated PRIMARY KEY (activity_id, version_id), 
	CONSTRAINT fk_activity_generated_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_activity_generated_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id)
);
INSERT INTO "activity_generated" VALUES(11,14,'ingested');
INSERT INTO "activity_generated" VALUES(11,15,'ingested');
CREATE TABLE activity_used (
	reason TEXT, 
	passed_over TEXT, 
	activity_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	role VARCHAR(24) NOT NULL, 
	CONSTRAINT pk_activity_used PRIMARY KEY (activity_id, version_id), 
	CONSTRAINT fk_activity_used_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_activity_used_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id)
);
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',15,14,'science');
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',15,15,'science');
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',16,14,'science');
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',16,15,'science');
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',17,14,'science');
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',17,15,'science');
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',18,14,'science');
INSERT INTO "activity_used" VALUES('pipeline is the one flavour of all exposures; newest archive version (3.7.1 (Oct-18-2023) 2023-12-15)','',18,15,'science');
INSERT INTO "activity_used" VALUES(NULL,NULL,19,14,'science');
INSERT INTO "activity_used" VALUES(NULL,NULL,19,15,'science');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001_baseline');
CREATE TABLE alignment_runs (
	id INTEGER NOT NULL, 
	catalog_id INTEGER, 
	reference VARCHAR(255), 
	what VARCHAR(24), 
	workspace TEXT, 
	CONSTRAINT pk_alignment_runs PRIMARY KEY (id), 
	CONSTRAINT fk_alignment_runs_catalog_id_reference_catalogs FOREIGN KEY(catalog_id) REFERENCES reference_catalogs (id), 
	CONSTRAINT fk_alignment_runs_id_activities FOREIGN KEY(id) REFERENCES activities (id), 
	CONSTRAINT ck_alignment_runs_alignmentroad CHECK (what IN ('drizzled', 'exposures', 'group'))
);
INSERT INTO "alignment_runs" VALUES(4,1,'gaia',NULL,NULL);
CREATE TABLE alignment_solutions (
	id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	version_id INTEGER, 
	activity_id INTEGER NOT NULL, 
	catalog_id INTEGER, 
	source_id INTEGER, 
	applied_version_id INTEGER, 
	superseded_by_id INTEGER, 
	repeats_id INTEGER, 
	origin VARCHAR(24) NOT NULL, 
	status VARCHAR(24) NOT NULL, 
	reason TEXT, 
	wcs_key VARCHAR(1), 
	group_name VARCHAR(80), 
	recorded_at DATETIME NOT NULL, 
	fitted_at DATETIME, 
	applied_at DATETIME, 
	nmatches INTEGER, 
	rms_ra_mas DOUBLE, 
	rms_dec_mas DOUBLE, 
	fit_geometry VARCHAR(16), 
	dx_pix DOUBLE, 
	dy_pix DOUBLE, 
	rotation_deg DOUBLE, 
	scale DOUBLE, 
	x_rms_pix DOUBLE, 
	y_rms_pix DOUBLE, 
	trust DOUBLE, 
	wcs_name VARCHAR(80) NOT NULL, 
	wcs_kind VARCHAR(24) NOT NULL, 
	wcs_type VARCHAR(120), 
	hdr_name VARCHAR(120), 
	distortion VARCHAR(40), 
	fit_scope VARCHAR(16), 
	fit_catalog VARCHAR(40), 
	predicted_shift_mas DOUBLE, 
	realised_shift_mas DOUBLE, 
	residual_mas DOUBLE, 
	read_from JSON, 
	CONSTRAINT pk_alignment_solutions PRIMARY KEY (id), 
	CONSTRAINT fk_alignment_solutions_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id), 
	CONSTRAINT fk_alignment_solutions_applied_version_id_product_versions FOREIGN KEY(applied_version_id) REFERENCES product_versions (id), 
	CONSTRAINT fk_alignment_solutions_catalog_id_reference_catalogs FOREIGN KEY(catalog_id) REFERENCES reference_catalogs (id), 
	CONSTRAINT fk_alignment_solutions_product_id_products FOREIGN KEY(product_id) REFERENCES products (id), 
	CONSTRAINT fk_alignment_solutions_repeats_id_alignment_solutions FOREIGN KEY(repeats_id) REFERENCES alignment_solutions (id), 
	CONSTRAINT fk_alignment_solutions_source_id_alignment_solutions FOREIGN KEY(source_id) REFERENCES alignment_solutions (id), 
	CONSTRAINT fk_alignment_solutions_superseded_by_id_alignment_solutions FOREIGN KEY(superseded_by_id) REFERENCES alignment_solutions (id), 
	CONSTRAINT fk_alignment_solutions_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id), 
	CONSTRAINT ck_alignment_solutions_solutionstatus CHECK (status IN ('recorded', 'proposed', 'applied', 'rejected', 'failed'))
);
INSERT INTO "alignment_solutions" VALUES(1,1,1,1,NULL,NULL,NULL,11,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.436716',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(2,1,2,1,NULL,NULL,NULL,11,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.438496',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(3,2,3,1,NULL,NULL,NULL,12,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.439608',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(4,2,4,1,NULL,NULL,NULL,12,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.440377',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(5,3,5,1,NULL,NULL,NULL,13,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.441437',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(6,3,6,1,NULL,NULL,NULL,13,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.442547',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(7,4,7,1,NULL,NULL,NULL,8,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.477947',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(8,4,7,4,1,NULL,8,NULL,NULL,'tweakreg','applied',NULL,NULL,NULL,'2026-11-30 22:09:00.478403','2026-01-20 12:00:00.000000','2026-11-30 22:09:00.478947',40,5.0,4.0,'rscale',0.4,-0.2,0.0,1.0,0.1,0.1,1.0,'IDC_x-FIT_SKYDB','fit',NULL,NULL,'x','SKYDB',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(9,5,11,1,NULL,NULL,NULL,10,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.481162',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion',NULL,NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(10,5,11,4,1,NULL,12,NULL,NULL,'tweakreg','applied',NULL,NULL,NULL,'2026-11-30 22:09:00.481405','2026-01-20 12:00:00.000000','2026-11-30 22:09:00.481835',5,31.2,30.2,'rscale',0.4,-0.2,0.0,1.0,0.1,0.1,4.1666666666666668517e-01,'IDC_x-FIT_SKYDB','fit',NULL,NULL,'x','SKYDB',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(11,1,9,10,1,8,NULL,NULL,NULL,'tweakback','applied',NULL,' ',NULL,'2026-11-30 22:09:00.479557','2026-01-20 12:00:00.000000','2026-11-30 22:09:00.479797',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.0,'IDC_x-FIT_SKYDB','fit',NULL,NULL,'x','SKYDB',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(12,2,10,10,1,8,NULL,NULL,NULL,'tweakback','applied',NULL,' ',NULL,'2026-11-30 22:09:00.480320','2026-01-20 12:00:00.000000','2026-11-30 22:09:00.480583',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.0,'IDC_x-FIT_SKYDB','fit',NULL,NULL,'x','SKYDB',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(13,3,13,10,1,10,NULL,NULL,NULL,'tweakback','applied',NULL,' ',NULL,'2026-11-30 22:09:00.482342','2026-01-20 12:00:00.000000','2026-11-30 22:09:00.482537',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4.1666666666666668517e-01,'IDC_x-FIT_SKYDB','fit',NULL,NULL,'x','SKYDB',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(14,6,14,11,NULL,NULL,NULL,NULL,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.869347',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i-GSC240','a-priori','undistorted a priori solution based on GSC240','ibxl50clq_flt_IDC_w3m18525i-GSC240-hlet.fits','w3m18525i',NULL,'GSC240',NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(15,6,14,11,NULL,NULL,NULL,NULL,NULL,'archive','recorded',NULL,'A',NULL,'2026-11-30 22:09:00.869357',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion','undistorted not aligned',NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(16,6,14,11,NULL,NULL,NULL,NULL,NULL,'archive','recorded',NULL,'O',NULL,'2026-11-30 22:09:00.869360',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'OPUS','pipeline','pipeline default not aligned',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(17,7,15,11,NULL,NULL,NULL,NULL,NULL,'archive','recorded',NULL,' ',NULL,'2026-11-30 22:09:00.869363',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i-GSC240','a-priori','undistorted a priori solution based on GSC240','ibxl50cqq_flt_IDC_w3m18525i-GSC240-hlet.fits','w3m18525i',NULL,'GSC240',NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(18,7,15,11,NULL,NULL,NULL,NULL,NULL,'archive','recorded',NULL,'A',NULL,'2026-11-30 22:09:00.869366',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'IDC_w3m18525i','distortion','undistorted not aligned',NULL,'w3m18525i',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "alignment_solutions" VALUES(19,7,15,11,NULL,NULL,NULL,NULL,NULL,'archive','recorded',NULL,'O',NULL,'2026-11-30 22:09:00.869369',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'OPUS','pipeline','pipeline default not aligned',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE bad_deliveries (
	id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	began_on VARCHAR(10) NOT NULL, 
	ended_on VARCHAR(10) NOT NULL, 
	what TEXT NOT NULL, 
	author VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_bad_deliveries PRIMARY KEY (id), 
	CONSTRAINT uq_bad_deliveries_name UNIQUE (name)
);
INSERT INTO "bad_deliveries" VALUES(1,'mast-astrometry-2020','2019-12-01','2020-02-29','A corrupt batch of astrometric solutions was served by MAST from December 2019 to February 2020.','skydb');
INSERT INTO "bad_deliveries" VALUES(2,'flat','2024-05-01','2024-05-09','bad flat','somebody');
CREATE TABLE book_entries (
	id INTEGER NOT NULL, 
	kind VARCHAR(24) NOT NULL, 
	label VARCHAR(40), 
	visit_id INTEGER, 
	exposure_id INTEGER, 
	product_id INTEGER, 
	solution_id INTEGER, 
	activity_id INTEGER, 
	author VARCHAR(64) NOT NULL, 
	reason TEXT NOT NULL, 
	made_at DATETIME NOT NULL, 
	withdrawn_at DATETIME, 
	withdrawn_by VARCHAR(64), 
	withdrawn_why TEXT, 
	CONSTRAINT pk_book_entries PRIMARY KEY (id), 
	CONSTRAINT fk_book_entries_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id), 
	CONSTRAINT fk_book_entries_exposure_id_exposures FOREIGN KEY(exposure_id) REFERENCES exposures (id), 
	CONSTRAINT fk_book_entries_product_id_products FOREIGN KEY(product_id) REFERENCES products (id), 
	CONSTRAINT fk_book_entries_solution_id_alignment_solutions FOREIGN KEY(solution_id) REFERENCES alignment_solutions (id), 
	CONSTRAINT fk_book_entries_visit_id_visits FOREIGN KEY(visit_id) REFERENCES visits (id)
);
INSERT INTO "book_entries" VALUES(1,'note',NULL,NULL,1,NULL,NULL,NULL,'somebody','the brightest of them','2026-11-30 22:09:01.703016',NULL,NULL,NULL);
INSERT INTO "book_entries" VALUES(2,'flag','satellite',NULL,2,NULL,NULL,NULL,'somebody','a trail crosses the chip','2026-11-30 22:09:01.728509',NULL,NULL,NULL);
INSERT INTO "book_entries" VALUES(3,'note','ignore:never-matched',2,NULL,NULL,NULL,NULL,'somebody','overlaps nothing','2026-11-30 22:09:01.750836',NULL,NULL,NULL);
CREATE TABLE changed_runs (run_id INTEGER PRIMARY KEY);
INSERT INTO "changed_runs" VALUES(14);
INSERT INTO "changed_runs" VALUES(15);
INSERT INTO "changed_runs" VALUES(16);
INSERT INTO "changed_runs" VALUES(17);
INSERT INTO "changed_runs" VALUES(18);
CREATE TABLE changed_visits (visit_id INTEGER PRIMARY KEY);
INSERT INTO "changed_visits" VALUES(1);
INSERT INTO "changed_visits" VALUES(2);
CREATE TABLE chip_levels (
	version_id INTEGER NOT NULL, 
	extver INTEGER NOT NULL, 
	recipe VARCHAR(64) NOT NULL, 
	activity_id INTEGER NOT NULL, 
	level DOUBLE, 
	level_sigma DOUBLE, 
	pixels INTEGER NOT NULL, 
	unit VARCHAR(24), 
	brightness_per_unit DOUBLE NOT NULL, 
	mean DOUBLE, 
	mean_sigma DOUBLE, 
	CONSTRAINT pk_chip_levels PRIMARY KEY (version_id, extver, recipe), 
	CONSTRAINT fk_chip_levels_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id), 
	CONSTRAINT fk_chip_levels_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id)
);
INSERT INTO "chip_levels" VALUES(14,1,'8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73',19,1.33390307426452636718e+00,1.66420442270109446986e-03,3654,'electron/s',6.07974316357115043265e+01,2.09709538722468913363e+00,2.46263641394782505436e-03);
INSERT INTO "chip_levels" VALUES(15,1,'8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73',19,1.33350157737731933593e+00,1.5587696585491789443e-03,3644,'electron/s',6.07974316357115043265e+01,2.07307779455289598047e+00,0.00240637549355013);
CREATE TABLE chip_solutions (
	solution_id INTEGER NOT NULL, 
	extver INTEGER NOT NULL, 
	ccdchip INTEGER, 
	naxis1_pix INTEGER NOT NULL, 
	naxis2_pix INTEGER NOT NULL, 
	crpix1_pix DOUBLE NOT NULL, 
	crpix2_pix DOUBLE NOT NULL, 
	crval1_deg DOUBLE NOT NULL, 
	crval2_deg DOUBLE NOT NULL, 
	cd1_1_deg DOUBLE NOT NULL, 
	cd1_2_deg DOUBLE NOT NULL, 
	cd2_1_deg DOUBLE NOT NULL, 
	cd2_2_deg DOUBLE NOT NULL, 
	orientat_deg DOUBLE NOT NULL, 
	s_region TEXT, 
	x DOUBLE, 
	y DOUBLE, 
	z DOUBLE, 
	radius_deg DOUBLE, 
	CONSTRAINT pk_chip_solutions PRIMARY KEY (solution_id, extver), 
	CONSTRAINT fk_chip_solutions_solution_id_alignment_solutions FOREIGN KEY(solution_id) REFERENCES alignment_solutions (id) ON DELETE CASCADE
);
INSERT INTO "chip_solutions" VALUES(1,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.264077900 -2.438782681 85.228763407 -2.445934682 85.235921652 -2.481217171 85.271237041 -2.474064980',8.2731893968512715265e-02,9.95647097821446558363e-01,-4.29219095581005322115e-02,2.54558424477933781249e-02);
INSERT INTO "chip_solutions" VALUES(2,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.264077900 -2.438782681 85.228763407 -2.445934682 85.235921652 -2.481217171 85.271237041 -2.474064980',8.2731893968512715265e-02,9.95647097821446558363e-01,-4.29219095581005322115e-02,2.54558424477933781249e-02);
INSERT INTO "chip_solutions" VALUES(3,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.284077900 -2.438782681 85.248763407 -2.445934682 85.255921652 -2.481217171 85.291237041 -2.474064980',8.23843425343572105523e-02,9.95675916041493858088e-01,-4.29219095581005391504e-02,2.54558424477976455446e-02);
INSERT INTO "chip_solutions" VALUES(4,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.284077900 -2.438782681 85.248763407 -2.445934682 85.255921652 -2.481217171 85.291237041 -2.474064980',8.23843425343572105523e-02,9.95675916041493858088e-01,-4.29219095581005391504e-02,2.54558424477976455446e-02);
INSERT INTO "chip_solutions" VALUES(5,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.414077900 -2.438782681 85.378763407 -2.445934682 85.385921652 -2.481217171 85.421237041 -2.474064980',8.01250154217629795283e-02,9.95860277139091754072e-01,-4.29219095581005391504e-02,2.54558424477880282377e-02);
INSERT INTO "chip_solutions" VALUES(6,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.414077900 -2.438782681 85.378763407 -2.445934682 85.385921652 -2.481217171 85.421237041 -2.474064980',8.01250154217629795283e-02,9.95860277139091754072e-01,-4.29219095581005391504e-02,2.54558424477880282377e-02);
INSERT INTO "chip_solutions" VALUES(7,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.289104167 -2.401062667 85.191010589 -2.420928862 85.210892377 -2.518936189 85.308992867 -2.499068533',8.27318939685126319982e-02,9.95647097821446447341e-01,-4.29219095581005252726e-02,7.07106422191823569267e-02);
INSERT INTO "chip_solutions" VALUES(8,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.289104167 -2.401062667 85.191010589 -2.420928862 85.210892377 -2.518936189 85.308992867 -2.499068533',8.27318939685126319982e-02,9.95647097821446447341e-01,-4.29219095581005252726e-02,7.07106422191823569267e-02);
INSERT INTO "chip_solutions" VALUES(11,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.264077900 -2.438782681 85.228763407 -2.445934682 85.235921652 -2.481217171 85.271237041 -2.474064980',8.2731893968512715265e-02,9.95647097821446558363e-01,-4.29219095581005322115e-02,2.54558424477933781249e-02);
INSERT INTO "chip_solutions" VALUES(12,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.284077900 -2.438782681 85.248763407 -2.445934682 85.255921652 -2.481217171 85.291237041 -2.474064980',8.23843425343572105523e-02,9.95675916041493858088e-01,-4.29219095581005391504e-02,2.54558424477976455446e-02);
INSERT INTO "chip_solutions" VALUES(9,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.439104167 -2.401062667 85.341010589 -2.420928862 85.360892377 -2.518936189 85.458992867 -2.499068533',8.01250154217629656505e-02,9.9586027713909164305e-01,-4.29219095581005391504e-02,7.07106422191820238598e-02);
INSERT INTO "chip_solutions" VALUES(10,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.439104167 -2.401062667 85.341010589 -2.420928862 85.360892377 -2.518936189 85.458992867 -2.499068533',8.01250154217629656505e-02,9.9586027713909164305e-01,-4.29219095581005391504e-02,7.07106422191820238598e-02);
INSERT INTO "chip_solutions" VALUES(13,1,NULL,1014,1014,507.0,507.0,0.0,0.0,-3.55555555555555531936e-05,0.0,0.0,3.55555555555555531936e-05,0.0,'POLYGON ICRS 85.414077900 -2.438782681 85.378763407 -2.445934682 85.385921652 -2.481217171 85.421237041 -2.474064980',8.01250154217629795283e-02,9.95860277139091754072e-01,-4.29219095581005391504e-02,2.54558424477880282377e-02);
INSERT INTO "chip_solutions" VALUES(14,1,NULL,64,64,32.0,32.0,8.52600642519001752396e+01,-2.45992568725762206227e+00,8.3872382071286e-06,-3.2728242410757e-05,-3.6668223408447e-05,-7.5999119711769e-06,-1.03073112313191757034e+02,'POLYGON ICRS 85.260830705 -2.458532403 85.260938224 -2.459001366 85.261045667 -2.459470343 85.261153035 -2.459939336 85.261260328 -2.460408344 85.261367545 -2.460877366 85.260948956 -2.460974870 85.260530046 -2.461072449 85.260110813 -2.461170104 85.259691258 -2.461267834 85.259271380 -2.461365639 85.259163991 -2.460895882 85.259056526 -2.460426141 85.258948986 -2.459956414 85.258841371 -2.459486703 85.258733680 -2.459017007 85.259153729 -2.458919935 85.259573456 -2.458822939 85.259992862 -2.458726019 85.260411944 -2.458629173',8.25572325595200079417e-02,9.95661634717438848163e-01,-4.29210030627283217752e-02,1.61762083108792499401e-03);
INSERT INTO "chip_solutions" VALUES(15,1,NULL,64,64,32.0,32.0,8.52600415425442577106e+01,-2.45988502991994728574e+00,8.38723758332038e-06,-3.2728242540048e-05,-3.6668223551133e-05,-7.5999114143966e-06,-1.0307311133846309303e+02,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "chip_solutions" VALUES(16,1,NULL,64,64,32.0,32.0,8.52600415425442577106e+01,-2.45988502991994728574e+00,8.38723758332038e-06,-3.2728242540048e-05,-3.6668223551133e-05,-7.5999114143966e-06,-1.0307311133846309303e+02,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "chip_solutions" VALUES(17,1,NULL,64,64,32.0,32.0,8.52598575342756817042e+01,-2.4597657895572062614e+00,8.38728508735873e-06,-3.2728448677775e-05,-3.666845448711e-05,-7.5999545277633e-06,-1.03073103441032515098e+02,'POLYGON ICRS 85.260623992 -2.458372497 85.260731512 -2.458841462 85.260838956 -2.459310443 85.260946324 -2.459779439 85.261053617 -2.460248449 85.261160835 -2.460717475 85.260742244 -2.460814979 85.260323331 -2.460912559 85.259904095 -2.461010214 85.259484538 -2.461107944 85.259064658 -2.461205750 85.258957268 -2.460735991 85.258849802 -2.460266246 85.258742261 -2.459796517 85.258634645 -2.459326802 85.258526954 -2.458857103 85.258947006 -2.458760031 85.259366736 -2.458663035 85.259786144 -2.458566114 85.260205229 -2.458469268',8.25608347092459393667e-02,9.95661456220088170177e-01,-4.29182148953814665559e-02,1.61763096781232930225e-03);
INSERT INTO "chip_solutions" VALUES(18,1,NULL,64,64,32.0,32.0,8.52598348249287880679e+01,-2.45972513221601785105e+00,8.38728446364062e-06,-3.2728448807047e-05,-3.6668454629775e-05,-7.5999539710634e-06,-1.03073102466450833953e+02,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "chip_solutions" VALUES(19,1,NULL,64,64,32.0,32.0,8.52598348249287880679e+01,-2.45972513221601785105e+00,8.38728446364062e-06,-3.2728448807047e-05,-3.6668454629775e-05,-7.5999539710634e-06,-1.03073102466450833953e+02,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE downloads (
	id INTEGER NOT NULL, 
	activity_id INTEGER NOT NULL, 
	version_id INTEGER, 
	uri TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	status VARCHAR(24), 
	expected_bytes BIGINT, 
	received_bytes BIGINT, 
	sha256 VARCHAR(64), 
	etag VARCHAR(255), 
	path TEXT, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	error TEXT, 
	CONSTRAINT pk_downloads PRIMARY KEY (id), 
	CONSTRAINT fk_downloads_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id), 
	CONSTRAINT fk_downloads_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id), 
	CONSTRAINT ck_downloads_downloadstatus CHECK (status IN ('complete', 'cached', 'failed', 'corrupt'))
);
INSERT INTO "downloads" VALUES(1,2,1,'mast:HST/product/ibxl50aaq_flt.fits',1,'complete',NULL,10000,'f4e540c6085ff3e8d47cec6ad0c5e7fe8271e4be4ef124c554a949419d8dceca',NULL,'1/ibxl50aaq_flt.fits','2024-05-01 12:00:00.000000','2026-11-30 22:09:00.469693',NULL);
INSERT INTO "downloads" VALUES(2,2,5,'mast:HST/product/ibxl51aaq_flt.fits',1,'complete',NULL,10000,'9c081e2446377dddc1689243412bb949f0f6bd790667cbd90b70f77b3cfddbf8',NULL,'1/ibxl51aaq_flt.fits','2020-01-15 12:00:00.000000','2026-11-30 22:09:00.469770',NULL);
CREATE TABLE environments (
	id INTEGER NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	python_version VARCHAR(16) NOT NULL, 
	platform VARCHAR(64) NOT NULL, 
	packages JSON NOT NULL, 
	verdict VARCHAR(24) NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	checked_at DATETIME, 
	CONSTRAINT pk_environments PRIMARY KEY (id), 
	CONSTRAINT uq_environments_fingerprint UNIQUE (fingerprint), 
	CONSTRAINT ck_environments_verdict CHECK (verdict IN ('unchecked', 'passed', 'failed'))
);
INSERT INTO "environments" VALUES(1,'047b390a9377706513ccba8c131ddc60ad9f089cfc9e81b2e727555d5b0df444','3.11.7','linux','{"drizzlepac": "3.11.0"}','passed','2026-11-30 22:09:00.434933','2026-11-30 22:09:00.434986');
INSERT INTO "environments" VALUES(2,'2f351e9b0114e32f789c33e9ed9bebbcf7c72cabd91fe7d518564a53d0436120','3.11.7','linux','{"drizzlepac": "3.11.0", "other": "1.4.0"}','failed','2026-11-30 22:09:00.434979','2026-11-30 22:09:00.434993');
INSERT INTO "environments" VALUES(3,'27a2ee222b0632a65e168e4ad05b5e4f3eb1df76d98fb484058f9e733aeb4b8d','3.11.7','Linux x86_64','{"astropy": "8.0.2", "drizzle": "absent", "drizzlepac": "3.11.0", "numpy": "2.4.6", "photutils": "2.3.0", "scipy": "1.17.1", "skydb": "0.2.0", "spherical_geometry": "1.3.3", "stsci.image": "2.3.11", "stsci.imagestats": "1.8.4", "stsci.skypac": "1.0.12", "stsci.stimage": "0.3.2", "stwcs": "1.7.7", "tweakwcs": "0.9.0"}','unchecked','2026-11-30 22:09:00.807975',NULL);
INSERT INTO "environments" VALUES(4,'c6db48d67fe0aad1ef3feae5cb897c918f76da4c88be47f60a17de84696eff52','3.6.8','unknown','{"numpy": "1.15.4", "stsci.skypac": "1.0.2"}','unchecked','2026-11-30 22:09:01.137067',NULL);
CREATE TABLE exposures (
	id INTEGER NOT NULL, 
	visit_id INTEGER NOT NULL, 
	rootname VARCHAR(9) NOT NULL, 
	instrument VARCHAR(8) NOT NULL, 
	known_from VARCHAR(24) NOT NULL, 
	detector VARCHAR(12), 
	filters VARCHAR(40), 
	exptime_s DOUBLE, 
	expstart_mjd DOUBLE, 
	expend_mjd DOUBLE, 
	date_obs VARCHAR(10), 
	target_name VARCHAR(64), 
	ra_targ_deg DOUBLE, 
	dec_targ_deg DOUBLE, 
	pa_v3_deg DOUBLE, 
	aperture VARCHAR(24), 
	asn_id VARCHAR(12), 
	postarg1_arcsec DOUBLE, 
	postarg2_arcsec DOUBLE, 
	CONSTRAINT pk_exposures PRIMARY KEY (id), 
	CONSTRAINT fk_exposures_visit_id_visits FOREIGN KEY(visit_id) REFERENCES visits (id), 
	CONSTRAINT uq_exposures_rootname UNIQUE (rootname)
);
INSERT INTO "exposures" VALUES(1,1,'ibxl50aaq','WFC3','header','IR','F160W',502.9,56244.5,NULL,NULL,'HORSEHEAD',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "exposures" VALUES(2,1,'ibxl50abq','WFC3','header','IR','F160W',502.9,56244.75,NULL,NULL,'HORSEHEAD',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "exposures" VALUES(3,2,'ibxl51aaq','WFC3','header','IR','F110W',502.9,56310.25,NULL,NULL,'HORSEHEAD',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "exposures" VALUES(4,1,'ibxl50clq','WFC3','header','IR','F160W',699.232483,56232.25,5.6232258092968550045e+04,'2012-11-01','HORSEHEAD',85.26,-2.46,212.3,'IR','ibxl50030',0.0,0.0);
INSERT INTO "exposures" VALUES(5,1,'ibxl50cqq','WFC3','header','IR','F160W',699.232483,5.62322589378759585092e+04,5.62322670308445085552e+04,'2012-11-01','HORSEHEAD',85.26,-2.46,212.3,'IR','ibxl50030',-0.728891442656389,5.96431651758259406825e-01);
CREATE TABLE file_locations (
	id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	is_managed BOOLEAN NOT NULL, 
	seen_at DATETIME NOT NULL, 
	CONSTRAINT pk_file_locations PRIMARY KEY (id), 
	CONSTRAINT fk_file_locations_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id) ON DELETE CASCADE, 
	CONSTRAINT uq_file_locations_path UNIQUE (path)
);
INSERT INTO "file_locations" VALUES(1,1,'1/ibxl50aaq_flt.fits',0,'2026-11-30 22:09:00.436269');
INSERT INTO "file_locations" VALUES(2,2,'2/ibxl50aaq_flt.fits',1,'2026-11-30 22:09:00.438073');
INSERT INTO "file_locations" VALUES(3,3,'1/ibxl50abq_flt.fits',0,'2026-11-30 22:09:00.439434');
INSERT INTO "file_locations" VALUES(4,4,'2/ibxl50abq_flt.fits',1,'2026-11-30 22:09:00.440217');
INSERT INTO "file_locations" VALUES(5,5,'1/ibxl51aaq_flt.fits',0,'2026-11-30 22:09:00.441222');
INSERT INTO "file_locations" VALUES(6,6,'2/ibxl51aaq_flt.fits',1,'2026-11-30 22:09:00.442374');
INSERT INTO "file_locations" VALUES(7,7,'1/ibxl50010_drz.fits',0,'2026-11-30 22:09:00.477686');
INSERT INTO "file_locations" VALUES(8,8,'2/ibxl50010_drz.fits',1,'2026-11-30 22:09:00.478845');
INSERT INTO "file_locations" VALUES(9,9,'3/ibxl50aaq_flt.fits',1,'2026-11-30 22:09:00.479421');
INSERT INTO "file_locations" VALUES(10,10,'3/ibxl50abq_flt.fits',1,'2026-11-30 22:09:00.480194');
INSERT INTO "file_locations" VALUES(11,11,'1/ibxl51010_drz.fits',0,'2026-11-30 22:09:00.481018');
INSERT INTO "file_locations" VALUES(12,12,'2/ibxl51010_drz.fits',1,'2026-11-30 22:09:00.481745');
INSERT INTO "file_locations" VALUES(13,13,'3/ibxl51aaq_flt.fits',1,'2026-11-30 22:09:00.482232');
INSERT INTO "file_locations" VALUES(14,14,'@ROOT@/field/ibxl50clq_flt.fits',0,'2026-11-30 22:09:00.868859');
INSERT INTO "file_locations" VALUES(15,15,'@ROOT@/field/ibxl50cqq_flt.fits',0,'2026-11-30 22:09:00.868859');
CREATE TABLE findings (
	id INTEGER NOT NULL, 
	activity_id INTEGER NOT NULL, 
	kind VARCHAR(24) NOT NULL, 
	subject TEXT NOT NULL, 
	message TEXT NOT NULL, 
	noticed_at DATETIME NOT NULL, 
	CONSTRAINT pk_findings PRIMARY KEY (id), 
	CONSTRAINT fk_findings_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE
);
INSERT INTO "findings" VALUES(1,9,'downgraded','run None','match was asked for, localmin ran. the package lacks a method','2026-11-30 22:09:00.484233');
INSERT INTO "findings" VALUES(2,11,'rejected-file','@ROOT@/broken_flt.fits','not a FITS file (it does not begin with SIMPLE)','2026-11-30 22:09:00.862465');
CREATE TABLE header_backups (
	id INTEGER NOT NULL, 
	activity_id INTEGER NOT NULL, 
	version_before_id INTEGER NOT NULL, 
	version_after_id INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	headers JSON NOT NULL, 
	restored_by_id INTEGER, 
	CONSTRAINT pk_header_backups PRIMARY KEY (id), 
	CONSTRAINT fk_header_backups_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_header_backups_restored_by_id_activities FOREIGN KEY(restored_by_id) REFERENCES activities (id), 
	CONSTRAINT fk_header_backups_version_after_id_product_versions FOREIGN KEY(version_after_id) REFERENCES product_versions (id), 
	CONSTRAINT fk_header_backups_version_before_id_product_versions FOREIGN KEY(version_before_id) REFERENCES product_versions (id)
);
INSERT INTO "header_backups" VALUES(1,1,1,1,'α ''quoted'' "so"1','{}',1);
INSERT INTO "header_backups" VALUES(2,2,2,2,' 2','{"deep": [[[]], {"x": -3e-310}]}',2);
INSERT INTO "header_backups" VALUES(3,3,3,3,'α ''quoted'' "so"3','{"b": [1, 1.5, 2.0, 1e+22, null, true, ""], "a": {"\u03b1": "\ud83d\udd2d"}}',3);
INSERT INTO "header_backups" VALUES(4,4,4,4,'α ''quoted'' "so"4','{}',4);
CREATE TABLE input_proofs (
	id INTEGER NOT NULL, 
	activity_id INTEGER NOT NULL, 
	version_id INTEGER NOT NULL, 
	tool VARCHAR(24) NOT NULL, 
	sha256_before VARCHAR(64) NOT NULL, 
	sha256_after VARCHAR(64), 
	is_untouched BOOLEAN NOT NULL, 
	cards_added INTEGER NOT NULL, 
	cards_removed INTEGER NOT NULL, 
	cards_changed INTEGER NOT NULL, 
	pixels_changed BOOLEAN NOT NULL, 
	changes JSON NOT NULL, 
	CONSTRAINT pk_input_proofs PRIMARY KEY (id), 
	CONSTRAINT fk_input_proofs_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_input_proofs_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id)
);
INSERT INTO "input_proofs" VALUES(1,1,1,' 1','α ''quoted'' "so"1','two
lines	\1',0,1200367645,782009009,1672620529,0,'{}');
INSERT INTO "input_proofs" VALUES(2,2,2,'α ''quoted'' "so"2','α ''quoted'' "so"2',NULL,1,596001514,1910554750,544169062,1,'{"deep": [[[]], {"x": -3e-310}]}');
INSERT INTO "input_proofs" VALUES(3,3,3,'α ''quoted'' "so"3','α ''quoted'' "so"3','α ''quoted'' "so"3',0,899608315,925484569,712347993,0,'{"b": [1, 1.5, 2.0, 1e+22, null, true, ""], "a": {"\u03b1": "\ud83d\udd2d"}}');
INSERT INTO "input_proofs" VALUES(4,4,4,'α ''quoted'' "so"4','two
lines	\4','two
lines	\4',1,854223144,879521323,780260973,1,'{}');
CREATE TABLE mosaics (
	run_id INTEGER NOT NULL, 
	science_path TEXT NOT NULL, 
	weight_path TEXT NOT NULL, 
	science_sha256 VARCHAR(64) NOT NULL, 
	weight_sha256 VARCHAR(64) NOT NULL, 
	naxis1_pix INTEGER NOT NULL, 
	naxis2_pix INTEGER NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	purged_at DATETIME, 
	CONSTRAINT pk_mosaics PRIMARY KEY (run_id), 
	CONSTRAINT fk_mosaics_run_id_sky_runs FOREIGN KEY(run_id) REFERENCES sky_runs (id) ON DELETE CASCADE
);
INSERT INTO "mosaics" VALUES(5,'sci','wht','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',10,10,100000000,NULL);
INSERT INTO "mosaics" VALUES(6,'sci','wht','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',10,10,100000000,NULL);
INSERT INTO "mosaics" VALUES(7,'sci','wht','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',10,10,100000000,'2026-01-10 12:00:00.000000');
INSERT INTO "mosaics" VALUES(8,'sci','wht','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',10,10,50000000,NULL);
CREATE TABLE passbands (
	instrument VARCHAR(8) NOT NULL, 
	detector VARCHAR(12) NOT NULL, 
	filter_name VARCHAR(40) NOT NULL, 
	em_min_m DOUBLE NOT NULL, 
	em_max_m DOUBLE NOT NULL, 
	source TEXT NOT NULL, 
	CONSTRAINT pk_passbands PRIMARY KEY (instrument, detector, filter_name)
);
INSERT INTO "passbands" VALUES('WFC3','UVIS','F200LP',2.372e-07,7.394e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F300X',2.4755e-07,3.1385e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F350LP',3.467e-07,8.225e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F475X',3.911e-07,5.967e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F600LP',6.29e-07,8.582e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F850LP',8.575e-07,9.757e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F218W',2.063e-07,2.385e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F225W',2.1255e-07,2.5925e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F275W',2.505e-07,2.903e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F336W',3.0995e-07,3.6105e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F390W',3.473e-07,4.369e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F438W',4.016e-07,4.634e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F475W',4.101e-07,5.445e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F555W',4.527e-07,6.089e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F606W',4.796e-07,6.978e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F625W',5.5105e-07,6.9735e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F775W',7.0615e-07,8.2325e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F814W',7.258e-07,8.794e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F390M',3.795e-07,3.999e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F410M',4.023e-07,4.195e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F467M',4.5825e-07,4.7835e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F547M',5.122e-07,5.772e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F621M',5.9145e-07,6.5235e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F689M',6.5345e-07,7.2175e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F763M',7.26e-07,7.964e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F845M',8.0425e-07,8.8295e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F343N',3.31e-07,3.56e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F373N',3.705e-07,3.755e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F395N',3.9125e-07,3.9975e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F469N',4.663e-07,4.713e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F487N',4.841e-07,4.901e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F502N',4.9775e-07,5.0425e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F631N',6.275e-07,6.333e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F645N',6.412e-07,6.496e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F656N',6.552e-07,6.57e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F657N',6.5065e-07,6.6275e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F658N',6.57e-07,6.598e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F665N',6.5905e-07,6.7215e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F673N',6.707e-07,6.825e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F680N',6.6915e-07,7.0625e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','UVIS','F953N',9.4815e-07,9.5785e-07,'WFC3 Instrument Handbook, table 6.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F105W',9.227e-07,1.1877e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F110W',9.319e-07,1.3749e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F125W',1.10635e-06,1.39085e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F140W',1.2003e-06,1.5843e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F160W',1.40275e-06,1.67105e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F098M',9.079e-07,1.0649e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F127M',1.2396e-06,1.3084e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F139M',1.35165e-06,1.41595e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F153M',1.49795e-06,1.56645e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F126N',1.2509e-06,1.2661e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F128N',1.27525e-06,1.29115e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F130N',1.2928e-06,1.3084e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F132N',1.31075e-06,1.32685e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F164N',1.62995e-06,1.65085e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('WFC3','IR','F167N',1.6537e-06,1.6747e-06,'WFC3 Instrument Handbook, table 7.2: half of the width to either side of the pivot wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F435W',3.778e-07,4.816e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F475W',4.031e-07,5.489e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F502N',4.9935e-07,5.0505e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F550M',5.3065e-07,5.8535e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F555W',4.7495e-07,5.9425e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F606W',4.736e-07,7.078e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F625W',5.597e-07,7.039e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F658N',6.5475e-07,6.6205e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F660N',6.582e-07,6.622e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F775W',7.0e-07,8.528e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F814W',7.0775e-07,9.5885e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F850LP',8.8305e-07,1.00595e-06,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','WFC','F892N',8.84e-07,8.994e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F220W',1.9855e-07,2.4705e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F250W',2.4215e-07,2.9705e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F330W',3.06e-07,3.648e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F344N',3.404e-07,3.464e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F435W',3.778e-07,4.816e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F475W',4.031e-07,5.489e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F502N',4.9935e-07,5.0505e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F550M',5.3065e-07,5.8535e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F555W',4.7495e-07,5.9425e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F606W',4.736e-07,7.078e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F625W',5.597e-07,7.039e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F658N',6.5475e-07,6.6205e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F660N',6.582e-07,6.622e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F775W',7.0e-07,8.528e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F814W',7.0775e-07,9.5885e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F850LP',8.8305e-07,1.00595e-06,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('ACS','HRC','F892N',8.84e-07,8.994e-07,'ACS Instrument Handbook, table 5.1: half of the width to either side of the central wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F439W',4.0635e-07,4.5365e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F450W',4.0405e-07,4.9975e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F502N',4.9985e-07,5.0255e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F555W',4.784e-07,6.01e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F606W',5.184e-07,6.684e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F656N',6.553e-07,6.575e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F658N',6.5765e-07,6.6055e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F673N',6.7085e-07,6.7555e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F675W',6.2905e-07,7.1795e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F702W',6.1705e-07,7.5535e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('WFPC2','WFPC2','F814W',7.1745e-07,8.7055e-07,'WFPC2 Instrument Handbook, table 3.1: half of the width to either side of the mean wavelength');
INSERT INTO "passbands" VALUES('NICMOS','NIC1','F090M',8.0e-07,1.0e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC1','F110M',1.0e-06,1.2e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC1','F110W',8.0e-07,1.4e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC1','F140W',1.0e-06,1.8e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC1','F145M',1.35e-06,1.55e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC1','F160W',1.4e-06,1.8e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC2','F110W',8.0e-07,1.4e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC2','F160W',1.4e-06,1.8e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC2','F187W',1.75e-06,2.0e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC2','F205W',1.75e-06,2.35e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC2','F207M',2.0e-06,2.15e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC2','F222M',2.15e-06,2.3e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC3','F110W',8.0e-07,1.4e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC3','F150W',1.1e-06,1.9e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC3','F160W',1.4e-06,1.8e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC3','F175W',1.2e-06,2.3e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC3','F222M',2.15e-06,2.3e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
INSERT INTO "passbands" VALUES('NICMOS','NIC3','F240M',2.3e-06,2.5e-06,'NICMOS Instrument Handbook, tables of the cameras'' filters: the range given there');
CREATE TABLE presets (
	name VARCHAR(40) NOT NULL, 
	options JSON NOT NULL, 
	author VARCHAR(64) NOT NULL, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_presets PRIMARY KEY (name)
);
INSERT INTO "presets" VALUES('1name','{}',' 1','2026-01-31 12:00:00.000001');
INSERT INTO "presets" VALUES('2name','{"deep": [[[]], {"x": -3e-310}]}','two
lines	\2','2026-01-31 12:00:00.000002');
INSERT INTO "presets" VALUES('3name','{"b": [1, 1.5, 2.0, 1e+22, null, true, ""], "a": {"\u03b1": "\ud83d\udd2d"}}',' 3','2026-01-31 12:00:00.000003');
INSERT INTO "presets" VALUES('4name','{}','two
lines	\4','2026-01-31 12:00:00.000004');
CREATE TABLE processes (
	id INTEGER NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	machine VARCHAR(64), 
	boot_id VARCHAR(64), 
	namespace VARCHAR(64), 
	pid BIGINT NOT NULL, 
	started_s DOUBLE NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	CONSTRAINT pk_processes PRIMARY KEY (id)
);
INSERT INTO "processes" VALUES(1,'vm','3d1219c7c4c5404aaa1f6d2a48adfda4','1f5061ab-f974-4bcc-870a-a67fcbafcb7c','pid:[4026531836]',13790,1.59315199999809265136e+04,'2026-11-30 22:09:00.814301');
CREATE TABLE product_members (
	product_id INTEGER NOT NULL, 
	rootname VARCHAR(9) NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_product_members PRIMARY KEY (product_id, rootname), 
	CONSTRAINT fk_product_members_product_id_products FOREIGN KEY(product_id) REFERENCES products (id) ON DELETE CASCADE
);
INSERT INTO "product_members" VALUES(4,'ibxl50aaq',0);
INSERT INTO "product_members" VALUES(4,'ibxl50abq',1);
INSERT INTO "product_members" VALUES(5,'ibxl51aaq',0);
CREATE TABLE product_versions (
	id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	delivery INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	derived_from_id INTEGER, 
	filename VARCHAR(255) NOT NULL, 
	is_own_name BOOLEAN NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	cal_ver VARCHAR(64), 
	opus_ver VARCHAR(64), 
	idctab VARCHAR(64), 
	idctab_date VARCHAR(10), 
	tool_version VARCHAR(64), 
	date_written VARCHAR(32), 
	recorded_at DATETIME NOT NULL, 
	dq_sha256 VARCHAR(64), 
	is_annotated BOOLEAN NOT NULL, 
	quality TEXT, 
	expflag VARCHAR(32), 
	fgslock VARCHAR(32), 
	guideact VARCHAR(32), 
	mtflag VARCHAR(8), 
	scan_typ VARCHAR(8), 
	ngoodpix BIGINT, 
	exptime_s DOUBLE, 
	gain DOUBLE, 
	bunit VARCHAR(32), 
	orientat_deg DOUBLE, 
	CONSTRAINT pk_product_versions PRIMARY KEY (id), 
	CONSTRAINT fk_product_versions_derived_from_id_product_versions FOREIGN KEY(derived_from_id) REFERENCES product_versions (id), 
	CONSTRAINT fk_product_versions_product_id_products FOREIGN KEY(product_id) REFERENCES products (id), 
	CONSTRAINT uq_product_versions_product_id_number UNIQUE (product_id, number), 
	CONSTRAINT uq_product_versions_product_id_sha256 UNIQUE (product_id, sha256)
);
INSERT INTO "product_versions" VALUES(1,1,1,1,1,NULL,'ibxl50aaq_flt.fits',1,'f4e540c6085ff3e8d47cec6ad0c5e7fe8271e4be4ef124c554a949419d8dceca',10000,'3.1',NULL,'w3m18525i',NULL,NULL,NULL,'2026-11-30 22:09:00.436015',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(2,1,2,2,2,NULL,'ibxl50aaq_flt.fits',1,'2445567c1cb1165b672736668ca753463d243f99b7b765858f850919a3058fd9',10000,'3.5',NULL,'w3m18525i',NULL,NULL,NULL,'2026-11-30 22:09:00.437667',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(3,2,1,1,1,NULL,'ibxl50abq_flt.fits',1,'63d51ecf408e85a376011a08f87f6cf64d43b7b11accdd4b29fdb5edae96b24c',10000,'3.1',NULL,'w3m18525i',NULL,NULL,NULL,'2026-11-30 22:09:00.439329',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(4,2,2,2,2,NULL,'ibxl50abq_flt.fits',1,'c6b666167b16416933c187fbac91f5d1f3b61fbb13f001aabfcdb3b8eae936be',10000,'3.5',NULL,'w3m18525i',NULL,NULL,NULL,'2026-11-30 22:09:00.440018',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(5,3,1,1,1,NULL,'ibxl51aaq_flt.fits',1,'9c081e2446377dddc1689243412bb949f0f6bd790667cbd90b70f77b3cfddbf8',10000,'3.1',NULL,'w3m18525i',NULL,NULL,NULL,'2026-11-30 22:09:00.441099',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(6,3,2,2,2,NULL,'ibxl51aaq_flt.fits',1,'0d353203c9b7dffc012c503e22f2e490db667beb1e7616a7b645bb337c33cfde',10000,'3.5',NULL,'w3m18525i',NULL,NULL,NULL,'2026-11-30 22:09:00.442108',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(7,4,1,1,1,NULL,'ibxl50010_drz.fits',1,'5c54c1873991203af3d8de15b207b157c4f79e664a80bccf44d058d5ec7691fe',10000,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.477564',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(8,4,2,2,2,NULL,'ibxl50010_drz.fits',1,'b8c8fd6085cf7eb44207303b3c8cdea2a0a727c9330ede4a781cc02e7e73efde',10000,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.478695',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(9,1,3,3,3,NULL,'ibxl50aaq_flt.fits',1,'e33043c392e5681fdc308e1e3daf3933823935eb149ae9139927e690a6f37fa6',10000,'3.5',NULL,NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.479157',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(10,2,3,3,3,NULL,'ibxl50abq_flt.fits',1,'03486aa829e20e034cdd5cc11d525ba0841eebe26628e0e6186f0f4f0e45f019',10000,'3.5',NULL,NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.480027',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(11,5,1,1,1,NULL,'ibxl51010_drz.fits',1,'41dd184f4c78dfd363b51620ff69310dbc9f6ab6583d3834d116593db740a4d6',10000,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.480933',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(12,5,2,2,2,NULL,'ibxl51010_drz.fits',1,'2868d9a5e24f59cbd1fc2919cb9e88193303f001aac4079d1401ac57dd386172',10000,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.481624',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(13,3,3,3,3,NULL,'ibxl51aaq_flt.fits',1,'b6175163610d10e0bba36d99903992c91febd2ffefd74fa3701bcf3373ae5542',10000,'3.5',NULL,NULL,NULL,NULL,NULL,'2026-11-30 22:09:00.482067',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "product_versions" VALUES(14,6,1,1,1,NULL,'ibxl50clq_flt.fits',1,'7879056fe102c9d87d028fdd0281f20f4bc329a88f9bdfd8608cf70beba5c64f',103680,'3.7.1 (Oct-18-2023)','HSTDP 2023_3','w3m18525i_idc.fits','2012-03-22',NULL,'2023-12-15','2026-11-30 22:09:00.867732',NULL,0,NULL,'NORMAL','FINE',NULL,NULL,'N',3968,699.232483,2.34999995,'ELECTRONS/S',-1.03073112313191757034e+02);
INSERT INTO "product_versions" VALUES(15,7,1,1,1,NULL,'ibxl50cqq_flt.fits',1,'4a963c4128cb101dd9b0cfcee075f51b1250980fee36b90f7cd4eb24edc991b4',103680,'3.7.1 (Oct-18-2023)','HSTDP 2023_3','w3m18525i_idc.fits','2012-03-22',NULL,'2023-12-15','2026-11-30 22:09:00.867747',NULL,0,NULL,'NORMAL','FINE',NULL,NULL,'N',3962,699.232483,2.34999995,'ELECTRONS/S',-1.03073103441032614573e+02);
CREATE TABLE products (
	id INTEGER NOT NULL, 
	identity VARCHAR(255) NOT NULL, 
	filename VARCHAR(255) NOT NULL, 
	kind VARCHAR(24) NOT NULL, 
	flavour VARCHAR(24) NOT NULL, 
	visit_id INTEGER NOT NULL, 
	exposure_id INTEGER, 
	CONSTRAINT pk_products PRIMARY KEY (id), 
	CONSTRAINT fk_products_exposure_id_exposures FOREIGN KEY(exposure_id) REFERENCES exposures (id), 
	CONSTRAINT fk_products_visit_id_visits FOREIGN KEY(visit_id) REFERENCES visits (id), 
	CONSTRAINT uq_products_identity UNIQUE (identity), 
	CONSTRAINT ck_products_flavour CHECK (flavour IN ('pipeline', 'svm', 'mvm', 'skydb', 'user'))
);
INSERT INTO "products" VALUES(1,'log/ibxl50aaq_flt.fits','ibxl50aaq_flt.fits','flt','pipeline',1,1);
INSERT INTO "products" VALUES(2,'log/ibxl50abq_flt.fits','ibxl50abq_flt.fits','flt','pipeline',1,2);
INSERT INTO "products" VALUES(3,'log/ibxl51aaq_flt.fits','ibxl51aaq_flt.fits','flt','pipeline',2,3);
INSERT INTO "products" VALUES(4,'log/ibxl50010_drz.fits','ibxl50010_drz.fits','drz','pipeline',1,NULL);
INSERT INTO "products" VALUES(5,'log/ibxl51010_drz.fits','ibxl51010_drz.fits','drz','pipeline',2,NULL);
INSERT INTO "products" VALUES(6,'ibxl50clq/flt/pipeline','ibxl50clq_flt.fits','flt','pipeline',1,4);
INSERT INTO "products" VALUES(7,'ibxl50cqq/flt/pipeline','ibxl50cqq_flt.fits','flt','pipeline',1,5);
CREATE TABLE reference_catalogs (
	id INTEGER NOT NULL, 
	activity_id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	service VARCHAR(24) NOT NULL, 
	"query" JSON NOT NULL, 
	sources INTEGER NOT NULL, 
	epoch DOUBLE NOT NULL, 
	epoch_asked DOUBLE, 
	has_proper_motions BOOLEAN NOT NULL, 
	proper_motion_applied BOOLEAN, 
	truncated BOOLEAN, 
	without_motion VARCHAR(24), 
	mag_min DOUBLE, 
	mag_max DOUBLE, 
	sources_without_motion INTEGER, 
	still_epoch DOUBLE, 
	motion_ra_mas_yr DOUBLE, 
	motion_dec_mas_yr DOUBLE, 
	sha256 VARCHAR(64) NOT NULL, 
	path TEXT NOT NULL, 
	obtained_at DATETIME NOT NULL, 
	superseded_by_id INTEGER, 
	CONSTRAINT pk_reference_catalogs PRIMARY KEY (id), 
	CONSTRAINT fk_reference_catalogs_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id), 
	CONSTRAINT fk_reference_catalogs_superseded_by_id_reference_catalogs FOREIGN KEY(superseded_by_id) REFERENCES reference_catalogs (id), 
	CONSTRAINT uq_reference_catalogs_name UNIQUE (name)
);
INSERT INTO "reference_catalogs" VALUES(1,3,'gaia','gaia','{}',400,2016.0,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','catalogs/gaia.ecsv','2026-11-30 22:09:00.469907',NULL);
INSERT INTO "reference_catalogs" VALUES(2,12,'simulated','file','{"path": "@ROOT@/field/gaia.ecsv", "epoch": 2016.0, "name": "simulated", "around": {"ra_deg": 85.26009547387785, "dec_deg": -2.4600113176782843, "radius_deg": 0.004142661169448947}}',184,2016.0,2016.0,1,NULL,NULL,NULL,NULL,NULL,0,2016.0,4.45735680918898258262e-01,-1.67354804548393243379e+00,'f4917d122f280e28dd161d0e040e2a84bf0036b08c20a88670e762b52411dfa8','catalogs/f4917d122f28/gaia.ecsv','2026-11-30 22:09:00.981708',NULL);
CREATE TABLE run_attempts (
	activity_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	worker VARCHAR(255) NOT NULL, 
	process_id INTEGER, 
	outcome VARCHAR(24) NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	error TEXT, 
	CONSTRAINT pk_run_attempts PRIMARY KEY (activity_id, number), 
	CONSTRAINT fk_run_attempts_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_run_attempts_process_id_processes FOREIGN KEY(process_id) REFERENCES processes (id), 
	CONSTRAINT ck_run_attempts_attemptoutcome CHECK (outcome IN ('running', 'succeeded', 'failed', 'lost', 'interrupted'))
);
INSERT INTO "run_attempts" VALUES(15,1,'somewhere:13790',1,'succeeded','2026-11-30 22:09:01.546693','2026-11-30 22:09:01.646133',NULL);
INSERT INTO "run_attempts" VALUES(16,1,'somewhere:13790',1,'succeeded','2026-11-30 22:09:01.549898','2026-11-30 22:09:01.646143',NULL);
INSERT INTO "run_attempts" VALUES(17,1,'somewhere:13790',1,'succeeded','2026-11-30 22:09:01.551933','2026-11-30 22:09:01.646147',NULL);
INSERT INTO "run_attempts" VALUES(18,1,'somewhere:13790',1,'succeeded','2026-11-30 22:09:01.553849','2026-11-30 22:09:01.646153',NULL);
CREATE TABLE self_test_checks (
	id INTEGER NOT NULL, 
	activity_id INTEGER NOT NULL, 
	check_name VARCHAR(64) NOT NULL, 
	verdict VARCHAR(24) NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_self_test_checks PRIMARY KEY (id), 
	CONSTRAINT fk_self_test_checks_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id) ON DELETE CASCADE, 
	CONSTRAINT ck_self_test_checks_verdict CHECK (verdict IN ('unchecked', 'passed', 'failed'))
);
INSERT INTO "self_test_checks" VALUES(1,1,' 1','passed',' 1');
INSERT INTO "self_test_checks" VALUES(2,2,' 2','failed',' 2');
INSERT INTO "self_test_checks" VALUES(3,3,'α ''quoted'' "so"3','unchecked','two
lines	\3');
INSERT INTO "self_test_checks" VALUES(4,4,'α ''quoted'' "so"4','passed',' 4');
CREATE TABLE sky_overlaps (
	version_a_id INTEGER NOT NULL, 
	extver_a INTEGER NOT NULL, 
	version_b_id INTEGER NOT NULL, 
	extver_b INTEGER NOT NULL, 
	recipe VARCHAR(64) NOT NULL, 
	activity_id INTEGER NOT NULL, 
	area_arcsec2 DOUBLE NOT NULL, 
	pixels_a INTEGER NOT NULL, 
	pixels_b INTEGER NOT NULL, 
	level_a DOUBLE, 
	level_b DOUBLE, 
	level_a_sigma DOUBLE, 
	level_b_sigma DOUBLE, 
	noise_a DOUBLE, 
	noise_b DOUBLE, 
	slope_a DOUBLE, 
	slope_b DOUBLE, 
	CONSTRAINT pk_sky_overlaps PRIMARY KEY (version_a_id, extver_a, version_b_id, extver_b, recipe), 
	CONSTRAINT fk_sky_overlaps_activity_id_activities FOREIGN KEY(activity_id) REFERENCES activities (id), 
	CONSTRAINT fk_sky_overlaps_version_a_id_product_versions FOREIGN KEY(version_a_id) REFERENCES product_versions (id), 
	CONSTRAINT fk_sky_overlaps_version_b_id_product_versions FOREIGN KEY(version_b_id) REFERENCES product_versions (id)
);
INSERT INTO "sky_overlaps" VALUES(14,1,15,1,'8f6b6c9595fe6249034e239d6e0e83f1d71f43f0b5b9843e8756a052c83b2c73',19,5.67154402915920172753e+01,3085,3101,1.32490372657775878906e+00,1.32956469058990478515e+00,1.68978808472020308566e-03,1.64769193056650401808e-03,1.0240306067122892375e-01,1.06614054048444636957e-01,2.48222075647421069888e+00,2.47360870275373256887e+00);
CREATE TABLE sky_run_groups (
	id INTEGER NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	label VARCHAR(120) NOT NULL, 
	CONSTRAINT pk_sky_run_groups PRIMARY KEY (id), 
	CONSTRAINT uq_sky_run_groups_fingerprint UNIQUE (fingerprint)
);
INSERT INTO "sky_run_groups" VALUES(1,'1111111111111111111111111111111111111111111111111111111111111111','before');
INSERT INTO "sky_run_groups" VALUES(2,'2222222222222222222222222222222222222222222222222222222222222222','after');
INSERT INTO "sky_run_groups" VALUES(3,'18cf75d721a67996ee14328234d1adadcc852011d88e3291d230b3a683ecea7e','old, 2 exposures');
INSERT INTO "sky_run_groups" VALUES(4,'d05b4456e667139b5f14505293342ae4eaf67b18efc559deaed40a81f4bf01a8','HORSEHEAD, 2 exposures, F160W');
CREATE TABLE sky_runs (
	id INTEGER NOT NULL, 
	group_id INTEGER NOT NULL, 
	engine VARCHAR(24) NOT NULL, 
	requested_method VARCHAR(24), 
	effective_method VARCHAR(24), 
	downgraded BOOLEAN, 
	recipe_hash VARCHAR(64) NOT NULL, 
	retention VARCHAR(24) NOT NULL, 
	replay_of_id INTEGER, 
	replay_verdict VARCHAR(24), 
	masks_path TEXT, 
	CONSTRAINT pk_sky_runs PRIMARY KEY (id), 
	CONSTRAINT fk_sky_runs_group_id_sky_run_groups FOREIGN KEY(group_id) REFERENCES sky_run_groups (id), 
	CONSTRAINT fk_sky_runs_id_activities FOREIGN KEY(id) REFERENCES activities (id), 
	CONSTRAINT fk_sky_runs_replay_of_id_sky_runs FOREIGN KEY(replay_of_id) REFERENCES sky_runs (id), 
	CONSTRAINT ck_sky_runs_requested CHECK (requested_method IN ('localmin', 'match', 'globalmin+match', 'globalmin', 'user', 'none')), 
	CONSTRAINT ck_sky_runs_effective CHECK (effective_method IN ('localmin', 'match', 'globalmin+match', 'globalmin', 'user', 'none')), 
	CONSTRAINT ck_sky_runs_retention CHECK (retention IN ('normal', 'pinned', 'metrics-only')), 
	CONSTRAINT ck_sky_runs_replayverdict CHECK (replay_verdict IN ('identical', 'incomplete', 'within-tolerance', 'different'))
);
INSERT INTO "sky_runs" VALUES(5,1,'astrodrizzle','localmin','localmin',0,'localmin','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(6,1,'astrodrizzle','match','match',0,'match','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(7,1,'astrodrizzle','globalmin+match','globalmin+match',0,'globalmin+match','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(8,2,'astrodrizzle','localmin','localmin',0,'localmin','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(9,2,'astrodrizzle','match','localmin',1,'match','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(14,3,'astrodrizzle','match','match',0,'9531cf016ec85e44366332800d06107d75acf203b1a5b66c6f51128bfb53654a','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(15,4,'skydb','localmin','localmin',0,'237d551cbab4fe0027c424feb044e069edc0833e9884030ad220fa5c8900a90e','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(16,4,'skydb','match','match',0,'c58d9cf89943ec298b6165c6e5bff73f201210fa920e56070f9e22e53587b8a8','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(17,4,'skydb','globalmin+match','globalmin+match',0,'137ef8d1c43446c529368d34bbeffe394a5dd8836d8cf60f0a83ea0e8dbb13d5','normal',NULL,NULL,NULL);
INSERT INTO "sky_runs" VALUES(18,4,'skydb','globalmin','globalmin',0,'02459e0e3ecadee3d72944324d07a2581f8eeac95a38bf45a4f9d3ff001ecac9','normal',NULL,NULL,NULL);
CREATE TABLE sky_values (
	run_id INTEGER NOT NULL, 
	exposure_id INTEGER NOT NULL, 
	extver INTEGER NOT NULL, 
	version_id INTEGER, 
	mdrizsky DOUBLE, 
	mdrizsky_sigma DOUBLE, 
	unit VARCHAR(24), 
	log_line INTEGER, 
	cr_masked_pix INTEGER, 
	CONSTRAINT pk_sky_values PRIMARY KEY (run_id, exposure_id, extver), 
	CONSTRAINT fk_sky_values_exposure_id_exposures FOREIGN KEY(exposure_id) REFERENCES exposures (id), 
	CONSTRAINT fk_sky_values_run_id_sky_runs FOREIGN KEY(run_id) REFERENCES sky_runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_sky_values_version_id_product_versions FOREIGN KEY(version_id) REFERENCES product_versions (id)
);
INSERT INTO "sky_values" VALUES(5,1,1,1,1.3,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(5,2,1,3,1.32,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(5,3,1,5,0.8,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(6,1,1,1,0.07,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(6,2,1,3,0.08,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(6,3,1,5,0.0,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(7,1,1,1,0.87,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(7,2,1,3,0.88,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(7,3,1,5,0.8,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(8,1,1,9,1.35,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(8,2,1,10,1.325,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(8,3,1,13,0.8,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(9,1,1,9,1.35,NULL,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(14,4,1,NULL,0.79,NULL,'electron/s',32,NULL);
INSERT INTO "sky_values" VALUES(14,5,1,NULL,1.812345,NULL,'electron/s',34,NULL);
INSERT INTO "sky_values" VALUES(15,4,1,14,1.33390307426452636718e+00,1.66420442270109446986e-03,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(15,5,1,15,2.33350157737731933593e+00,1.5587696585491789443e-03,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(16,4,1,14,0.0,0.0,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(16,5,1,15,1.00466096401214599609e+00,3.21058502649070346898e-03,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(17,4,1,14,1.32884061336517333984e+00,2.85824709366751510825e-03,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(17,5,1,15,2.33350157737731933593e+00,1.55876965854917872746e-03,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(18,4,1,14,1.33350157737731933593e+00,1.5587696585491789443e-03,'electron/s',NULL,NULL);
INSERT INTO "sky_values" VALUES(18,5,1,15,2.33350157737731933593e+00,1.5587696585491789443e-03,'electron/s',NULL,NULL);
CREATE TABLE trust_reasons (
	solution_id INTEGER NOT NULL, 
	component VARCHAR(24) NOT NULL, 
	score DOUBLE, 
	measured DOUBLE, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_trust_reasons PRIMARY KEY (solution_id, component), 
	CONSTRAINT fk_trust_reasons_solution_id_alignment_solutions FOREIGN KEY(solution_id) REFERENCES alignment_solutions (id) ON DELETE CASCADE
);
INSERT INTO "trust_reasons" VALUES(1,'rms',0.0,3.33333333333333314829e-01,'two
lines	\1');
INSERT INTO "trust_reasons" VALUES(2,'jackknife',NULL,NULL,'two
lines	\2');
INSERT INTO "trust_reasons" VALUES(3,'clipped',4.94065645841247e-324,3.00000000000000044408e-01,'two
lines	\3');
INSERT INTO "trust_reasons" VALUES(4,'cross-match',3.33333333333333314829e-01,3.33333333333333314829e-01,'two
lines	\4');
CREATE TABLE visit_drizzles (
	id INTEGER NOT NULL, 
	visit_id INTEGER NOT NULL, 
	filters VARCHAR(40) NOT NULL, 
	detector VARCHAR(12) NOT NULL, 
	requested_method VARCHAR(24) NOT NULL, 
	effective_method VARCHAR(24), 
	recipe_hash VARCHAR(64) NOT NULL, 
	replay_of_id INTEGER, 
	replay_verdict VARCHAR(24), 
	CONSTRAINT pk_visit_drizzles PRIMARY KEY (id), 
	CONSTRAINT fk_visit_drizzles_id_activities FOREIGN KEY(id) REFERENCES activities (id), 
	CONSTRAINT fk_visit_drizzles_replay_of_id_visit_drizzles FOREIGN KEY(replay_of_id) REFERENCES visit_drizzles (id), 
	CONSTRAINT fk_visit_drizzles_visit_id_visits FOREIGN KEY(visit_id) REFERENCES visits (id), 
	CONSTRAINT ck_visit_drizzles_requested CHECK (requested_method IN ('localmin', 'match', 'globalmin+match', 'globalmin', 'user', 'none')), 
	CONSTRAINT ck_visit_drizzles_effective CHECK (effective_method IN ('localmin', 'match', 'globalmin+match', 'globalmin', 'user', 'none')), 
	CONSTRAINT ck_visit_drizzles_replayverdict CHECK (replay_verdict IN ('identical', 'incomplete', 'within-tolerance', 'different'))
);
INSERT INTO "visit_drizzles" VALUES(1,1,'α ''quoted'' "so"1','1detector','match','match','α ''quoted'' "so"1',4,'incomplete');
INSERT INTO "visit_drizzles" VALUES(2,2,'α ''quoted'' "so"2','2detector','globalmin+match',NULL,'two
lines	\2',3,NULL);
INSERT INTO "visit_drizzles" VALUES(3,1,'two
lines	\3','3detector','globalmin','globalmin','α ''quoted'' "so"3',NULL,'different');
INSERT INTO "visit_drizzles" VALUES(4,2,'two
lines	\4','4detector','user','user',' 4',NULL,'identical');
CREATE TABLE visit_skies (visit_id INTEGER NOT NULL, filters VARCHAR, detector VARCHAR, unit VARCHAR, packed BLOB NOT NULL);
INSERT INTO "visit_skies" VALUES(1,'F160W','IR','electron/s',X'040000000000000000000000000000000000703C0000000060BC643F0000000060BC643F676C6F62616C6D696E00000000000000020000000200000001000000000000000000000000000000000000C00556F53F000000C00556F53F9000000000000000676C6F62616C6D696E2B6D6174636800040000000400000002000000000000000000000000000000D7A3703D0AD7EB3F295C8FC2F528EC3F00000060EE42F53F000000C00556F53F380000000000000088000000000000006C6F63616C6D696E00000000000000000400000004000000040000000100000000000000000000009A9999999999F53F333333333333F53F000000C0AA57F53F000000C00556F53F28000000000000004000000000000000490000000000000078000000000000006D617463680000000000000000000000040000000400000003000000000000000100000000000000EC51B81E85EBB13F7B14AE47E17AB43F0000000000000000000000006017733F300000000000000072000000000000008000000000000000060000000000000006000000000000001000000000000000100000000000000000000000000000007814AE47E17A843F00000000601763BF000000006017633F');
CREATE TABLE visit_summaries (visit_id INTEGER PRIMARY KEY, exposures INTEGER NOT NULL, downloaded INTEGER NOT NULL, aligned INTEGER NOT NULL, matched INTEGER NOT NULL, downgraded INTEGER NOT NULL, flagged INTEGER NOT NULL, stale INTEGER NOT NULL, logged INTEGER NOT NULL, flags INTEGER NOT NULL, last_activity_at DATETIME);
INSERT INTO "visit_summaries" VALUES(1,4,1,2,4,1,1,2,0,1,'2026-11-30 22:09:01.642358');
CREATE TABLE visits (
	id INTEGER NOT NULL, 
	program VARCHAR(3) NOT NULL, 
	number VARCHAR(2) NOT NULL, 
	proposal_id INTEGER, 
	target_name VARCHAR(64), 
	CONSTRAINT pk_visits PRIMARY KEY (id), 
	CONSTRAINT uq_visits_program_number UNIQUE (program, number)
);
INSERT INTO "visits" VALUES(1,'bxl','50',12812,'HORSEHEAD');
INSERT INTO "visits" VALUES(2,'bxl','51',12812,'HORSEHEAD');
CREATE INDEX ix_processes_pid_host ON processes (pid, host);
CREATE INDEX ix_visits_proposal_id ON visits (proposal_id);
CREATE INDEX ix_activities_created_at ON activities (created_at);
CREATE INDEX ix_activities_environment_id ON activities (environment_id);
CREATE INDEX ix_activities_imported_by_id ON activities (imported_by_id) WHERE imported_by_id IS NOT NULL;
CREATE INDEX ix_activities_kind ON activities (kind);
CREATE INDEX ix_activities_status ON activities (status) WHERE status IN ('pending', 'running');
CREATE INDEX ix_exposures_expstart_mjd ON exposures (expstart_mjd);
CREATE INDEX ix_exposures_filters ON exposures (filters);
CREATE INDEX ix_exposures_target_name ON exposures (target_name);
CREATE INDEX ix_exposures_visit_id ON exposures (visit_id);
CREATE INDEX ix_findings_activity_id ON findings (activity_id);
CREATE INDEX ix_findings_kind ON findings (kind);
CREATE INDEX ix_products_exposure_id ON products (exposure_id);
CREATE INDEX ix_products_filename ON products (filename);
CREATE INDEX ix_products_kind_flavour ON products (kind, flavour);
CREATE INDEX ix_products_visit_id ON products (visit_id);
CREATE INDEX ix_reference_catalogs_sha256 ON reference_catalogs (sha256);
CREATE INDEX ix_self_test_checks_activity_id ON self_test_checks (activity_id);
CREATE INDEX ix_sky_runs_downgraded ON sky_runs (downgraded) WHERE downgraded;
CREATE INDEX ix_sky_runs_group_id_effective_method ON sky_runs (group_id, effective_method);
CREATE INDEX ix_sky_runs_recipe_hash ON sky_runs (recipe_hash);
CREATE INDEX ix_sky_runs_replay_of_id ON sky_runs (replay_of_id) WHERE replay_of_id IS NOT NULL;
CREATE INDEX ix_visit_drizzles_recipe_hash ON visit_drizzles (recipe_hash);
CREATE INDEX ix_visit_drizzles_replay_of_id ON visit_drizzles (replay_of_id) WHERE replay_of_id IS NOT NULL;
CREATE INDEX ix_visit_drizzles_visit_id ON visit_drizzles (visit_id);
CREATE INDEX ix_alignment_runs_catalog_id ON alignment_runs (catalog_id);
CREATE INDEX ix_product_members_rootname ON product_members (rootname);
CREATE INDEX ix_product_versions_derived_from_id ON product_versions (derived_from_id) WHERE derived_from_id IS NOT NULL;
CREATE INDEX ix_product_versions_idctab_date_written ON product_versions (idctab, date_written);
CREATE INDEX ix_product_versions_product_id_place ON product_versions (product_id, place);
CREATE INDEX ix_product_versions_sha256 ON product_versions (sha256);
CREATE INDEX ix_acceptances_alignment_run_id ON acceptances (alignment_run_id);
CREATE INDEX ix_activity_generated_version_id ON activity_generated (version_id);
CREATE INDEX ix_activity_used_version_id ON activity_used (version_id);
CREATE INDEX ix_alignment_solutions_activity_id ON alignment_solutions (activity_id);
CREATE INDEX ix_alignment_solutions_applied_version_id ON alignment_solutions (applied_version_id) WHERE applied_version_id IS NOT NULL;
CREATE INDEX ix_alignment_solutions_catalog_id ON alignment_solutions (catalog_id);
CREATE INDEX ix_alignment_solutions_fitted_at ON alignment_solutions (fitted_at);
CREATE INDEX ix_alignment_solutions_product_id ON alignment_solutions (product_id);
CREATE INDEX ix_alignment_solutions_repeats_id ON alignment_solutions (repeats_id) WHERE repeats_id IS NOT NULL;
CREATE INDEX ix_alignment_solutions_source_id ON alignment_solutions (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX ix_alignment_solutions_superseded_by_id ON alignment_solutions (superseded_by_id) WHERE superseded_by_id IS NOT NULL;
CREATE INDEX ix_alignment_solutions_version_id_wcs_key ON alignment_solutions (version_id, wcs_key);
CREATE INDEX ix_chip_levels_activity_id ON chip_levels (activity_id);
CREATE INDEX ix_downloads_activity_id ON downloads (activity_id);
CREATE INDEX ix_downloads_started_at ON downloads (started_at);
CREATE INDEX ix_downloads_uri ON downloads (uri);
CREATE INDEX ix_downloads_version_id ON downloads (version_id);
CREATE INDEX ix_file_locations_version_id ON file_locations (version_id);
CREATE INDEX ix_header_backups_activity_id ON header_backups (activity_id);
CREATE INDEX ix_header_backups_restored_by_id ON header_backups (restored_by_id);
CREATE INDEX ix_header_backups_version_after_id ON header_backups (version_after_id);
CREATE INDEX ix_header_backups_version_before_id ON header_backups (version_before_id);
CREATE INDEX ix_input_proofs_activity_id ON input_proofs (activity_id);
CREATE INDEX ix_input_proofs_version_id ON input_proofs (version_id);
CREATE INDEX ix_sky_overlaps_activity_id ON sky_overlaps (activity_id);
CREATE INDEX ix_sky_overlaps_version_b_id ON sky_overlaps (version_b_id);
CREATE INDEX ix_sky_values_exposure_id_run_id ON sky_values (exposure_id, run_id);
CREATE INDEX ix_sky_values_version_id ON sky_values (version_id);
CREATE INDEX ix_book_entries_activity_id ON book_entries (activity_id);
CREATE INDEX ix_book_entries_exposure_id ON book_entries (exposure_id);
CREATE INDEX ix_book_entries_label ON book_entries (label);
CREATE INDEX ix_book_entries_product_id ON book_entries (product_id);
CREATE INDEX ix_book_entries_solution_id ON book_entries (solution_id);
CREATE INDEX ix_book_entries_visit_id ON book_entries (visit_id);
CREATE INDEX ix_chip_solutions_radius_deg ON chip_solutions (radius_deg) WHERE radius_deg > 0.05;
CREATE INDEX ix_chip_solutions_z_radius_deg ON chip_solutions (z, radius_deg);
CREATE INDEX ix_visit_skies_visit_id ON visit_skies (visit_id);
CREATE TRIGGER changed_by_insert_visits AFTER INSERT ON visits

BEGIN
INSERT INTO changed_visits (visit_id) SELECT NEW.id WHERE NEW.id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_visits AFTER UPDATE OF id ON visits
WHEN (OLD.id IS NOT NEW.id)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.id WHERE OLD.id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT NEW.id WHERE NEW.id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_visits AFTER DELETE ON visits

BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.id WHERE OLD.id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_exposures AFTER INSERT ON exposures

BEGIN
INSERT INTO changed_visits (visit_id) SELECT NEW.visit_id WHERE NEW.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_exposures AFTER UPDATE OF id, visit_id, known_from, filters, detector ON exposures
WHEN (OLD.id IS NOT NEW.id OR OLD.visit_id IS NOT NEW.visit_id OR OLD.known_from IS NOT NEW.known_from OR OLD.filters IS NOT NEW.filters OR OLD.detector IS NOT NEW.detector)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.visit_id WHERE OLD.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT NEW.visit_id WHERE NEW.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_exposures AFTER DELETE ON exposures

BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.visit_id WHERE OLD.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_products AFTER INSERT ON products

BEGIN
INSERT INTO changed_visits (visit_id) SELECT NEW.visit_id WHERE NEW.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = NEW.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_products AFTER UPDATE OF id, visit_id, exposure_id, kind, flavour ON products
WHEN (OLD.id IS NOT NEW.id OR OLD.visit_id IS NOT NEW.visit_id OR OLD.exposure_id IS NOT NEW.exposure_id OR OLD.kind IS NOT NEW.kind OR OLD.flavour IS NOT NEW.flavour)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.visit_id WHERE OLD.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = OLD.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT NEW.visit_id WHERE NEW.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = NEW.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_products AFTER DELETE ON products

BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.visit_id WHERE OLD.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = OLD.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_product_versions AFTER INSERT ON product_versions

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = NEW.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = NEW.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_product_versions AFTER UPDATE OF id, product_id, delivery, place ON product_versions
WHEN (OLD.id IS NOT NEW.id OR OLD.product_id IS NOT NEW.product_id OR OLD.delivery IS NOT NEW.delivery OR OLD.place IS NOT NEW.place)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = OLD.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = OLD.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = NEW.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = NEW.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_product_versions AFTER DELETE ON product_versions

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = OLD.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = OLD.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_alignment_solutions AFTER INSERT ON alignment_solutions

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = NEW.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = NEW.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_alignment_solutions AFTER UPDATE OF id, product_id, version_id, applied_version_id, source_id, activity_id, superseded_by_id, origin, status ON alignment_solutions
WHEN (OLD.id IS NOT NEW.id OR OLD.product_id IS NOT NEW.product_id OR OLD.version_id IS NOT NEW.version_id OR OLD.applied_version_id IS NOT NEW.applied_version_id OR OLD.source_id IS NOT NEW.source_id OR OLD.activity_id IS NOT NEW.activity_id OR OLD.superseded_by_id IS NOT NEW.superseded_by_id OR OLD.origin IS NOT NEW.origin OR OLD.status IS NOT NEW.status)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = OLD.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = OLD.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = NEW.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = NEW.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_alignment_solutions AFTER DELETE ON alignment_solutions

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = OLD.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = OLD.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_downloads AFTER INSERT ON downloads
WHEN (NEW.status = 'complete')
BEGIN
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM product_versions pv, products p, exposures e WHERE pv.id = NEW.version_id AND p.id = pv.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_downloads AFTER UPDATE OF version_id, status ON downloads
WHEN (OLD.version_id IS NOT NEW.version_id OR OLD.status IS NOT NEW.status) AND (OLD.status = 'complete' OR NEW.status = 'complete')
BEGIN
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM product_versions pv, products p, exposures e WHERE pv.id = OLD.version_id AND p.id = pv.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM product_versions pv, products p, exposures e WHERE pv.id = NEW.version_id AND p.id = pv.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_downloads AFTER DELETE ON downloads
WHEN (OLD.status = 'complete')
BEGIN
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM product_versions pv, products p, exposures e WHERE pv.id = OLD.version_id AND p.id = pv.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_activity_used AFTER INSERT ON activity_used

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = NEW.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_activity_used AFTER UPDATE OF activity_id, version_id ON activity_used
WHEN (OLD.activity_id IS NOT NEW.activity_id OR OLD.version_id IS NOT NEW.version_id)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = OLD.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = NEW.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_activity_used AFTER DELETE ON activity_used

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = OLD.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_activity_generated AFTER INSERT ON activity_generated

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = NEW.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_activity_generated AFTER UPDATE OF activity_id, version_id ON activity_generated
WHEN (OLD.activity_id IS NOT NEW.activity_id OR OLD.version_id IS NOT NEW.version_id)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = OLD.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = NEW.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_activity_generated AFTER DELETE ON activity_generated

BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM product_versions pv, products p WHERE pv.id = OLD.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_activities AFTER UPDATE OF id, status, deleted_at, imported_by_id, environment_id, created_at, started_at, finished_at ON activities
WHEN (OLD.id IS NOT NEW.id OR OLD.status IS NOT NEW.status OR OLD.deleted_at IS NOT NEW.deleted_at OR OLD.imported_by_id IS NOT NEW.imported_by_id OR OLD.environment_id IS NOT NEW.environment_id OR OLD.created_at IS NOT NEW.created_at OR OLD.started_at IS NOT NEW.started_at OR OLD.finished_at IS NOT NEW.finished_at)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM activity_used u, product_versions pv, products p WHERE u.activity_id = OLD.id AND pv.id = u.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM activity_generated g, product_versions pv, products p WHERE g.activity_id = OLD.id AND pv.id = g.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM alignment_solutions s, products p WHERE s.activity_id = OLD.id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM alignment_solutions s, products p, exposures e WHERE s.activity_id = OLD.id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM sky_values sv, exposures e WHERE sv.run_id = OLD.id AND e.id = sv.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM activity_used u, product_versions pv, products p WHERE u.activity_id = NEW.id AND pv.id = u.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM activity_generated g, product_versions pv, products p WHERE g.activity_id = NEW.id AND pv.id = g.version_id AND p.id = pv.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM alignment_solutions s, products p WHERE s.activity_id = NEW.id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM alignment_solutions s, products p, exposures e WHERE s.activity_id = NEW.id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM sky_values sv, exposures e WHERE sv.run_id = NEW.id AND e.id = sv.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_sky_runs AFTER UPDATE OF id, effective_method, downgraded, replay_of_id, group_id ON sky_runs
WHEN (OLD.id IS NOT NEW.id OR OLD.effective_method IS NOT NEW.effective_method OR OLD.downgraded IS NOT NEW.downgraded OR OLD.replay_of_id IS NOT NEW.replay_of_id OR OLD.group_id IS NOT NEW.group_id)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM sky_values sv, exposures e WHERE sv.run_id = OLD.id AND e.id = sv.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM sky_values sv, exposures e WHERE sv.run_id = NEW.id AND e.id = sv.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_sky_values AFTER INSERT ON sky_values

BEGIN
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = NEW.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_runs (run_id) VALUES (NEW.run_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER changed_by_update_sky_values AFTER UPDATE OF run_id, exposure_id, extver, version_id, mdrizsky, unit ON sky_values
WHEN (OLD.run_id IS NOT NEW.run_id OR OLD.exposure_id IS NOT NEW.exposure_id OR OLD.extver IS NOT NEW.extver OR OLD.version_id IS NOT NEW.version_id OR OLD.mdrizsky IS NOT NEW.mdrizsky OR OLD.unit IS NOT NEW.unit)
BEGIN
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = OLD.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = NEW.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_runs (run_id) VALUES (OLD.run_id) ON CONFLICT DO NOTHING;
INSERT INTO changed_runs (run_id) VALUES (NEW.run_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_sky_values AFTER DELETE ON sky_values

BEGIN
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = OLD.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_runs (run_id) VALUES (OLD.run_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER changed_by_update_environments AFTER UPDATE OF id, verdict ON environments
WHEN (OLD.id IS NOT NEW.id OR OLD.verdict IS NOT NEW.verdict) AND (OLD.verdict = 'failed' OR NEW.verdict = 'failed')
BEGIN
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM activities a, alignment_solutions s, products p WHERE a.environment_id = OLD.id AND s.activity_id = a.id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM activities a, alignment_solutions s, products p, exposures e WHERE a.environment_id = OLD.id AND s.activity_id = a.id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM activities a, sky_values sv, exposures e WHERE a.environment_id = OLD.id AND sv.run_id = a.id AND e.id = sv.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM activities a, alignment_solutions s, products p WHERE a.environment_id = NEW.id AND s.activity_id = a.id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM activities a, alignment_solutions s, products p, exposures e WHERE a.environment_id = NEW.id AND s.activity_id = a.id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM activities a, sky_values sv, exposures e WHERE a.environment_id = NEW.id AND sv.run_id = a.id AND e.id = sv.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_insert_book_entries AFTER INSERT ON book_entries
WHEN (NEW.kind = 'flag')
BEGIN
INSERT INTO changed_visits (visit_id) SELECT NEW.visit_id WHERE NEW.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = NEW.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = NEW.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = NEW.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM alignment_solutions s, products p WHERE s.id = NEW.solution_id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM alignment_solutions s, products p, exposures e WHERE s.id = NEW.solution_id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_update_book_entries AFTER UPDATE OF kind, visit_id, exposure_id, product_id, solution_id, withdrawn_at ON book_entries
WHEN (OLD.kind IS NOT NEW.kind OR OLD.visit_id IS NOT NEW.visit_id OR OLD.exposure_id IS NOT NEW.exposure_id OR OLD.product_id IS NOT NEW.product_id OR OLD.solution_id IS NOT NEW.solution_id OR OLD.withdrawn_at IS NOT NEW.withdrawn_at) AND (OLD.kind = 'flag' OR NEW.kind = 'flag')
BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.visit_id WHERE OLD.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = OLD.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = OLD.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = OLD.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM alignment_solutions s, products p WHERE s.id = OLD.solution_id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM alignment_solutions s, products p, exposures e WHERE s.id = OLD.solution_id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT NEW.visit_id WHERE NEW.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = NEW.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = NEW.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = NEW.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM alignment_solutions s, products p WHERE s.id = NEW.solution_id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM alignment_solutions s, products p, exposures e WHERE s.id = NEW.solution_id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE TRIGGER changed_by_delete_book_entries AFTER DELETE ON book_entries
WHEN (OLD.kind = 'flag')
BEGIN
INSERT INTO changed_visits (visit_id) SELECT OLD.visit_id WHERE OLD.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM exposures e WHERE e.id = OLD.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM products p WHERE p.id = OLD.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM products p, exposures e WHERE p.id = OLD.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT p.visit_id FROM alignment_solutions s, products p WHERE s.id = OLD.solution_id AND p.id = s.product_id AND p.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
INSERT INTO changed_visits (visit_id) SELECT e.visit_id FROM alignment_solutions s, products p, exposures e WHERE s.id = OLD.solution_id AND p.id = s.product_id AND e.id = p.exposure_id AND e.visit_id IS NOT NULL ON CONFLICT (visit_id) DO NOTHING;
END;
CREATE VIEW ivoa_obscore AS
SELECT CAST('image' AS TEXT) AS dataproduct_type,
       CASE WHEN p.kind IN ('drz', 'drc', 'mos') THEN 3 ELSE 2 END AS calib_level,
       CAST('HST' AS TEXT) AS obs_collection,
       COALESCE(own.rootname, REPLACE(p.filename, '_' || p.kind || '.fits', '')) AS obs_id,
       CASE WHEN s.origin IS NULL OR s.origin = 'archive' THEN 'mast:HST/product/' || p.filename
            ELSE 'mast:HST/product/' || p.filename || '#version=' || pv.number END AS obs_publisher_did,
       CASE WHEN s.origin IS NULL OR s.origin = 'archive'
            THEN 'https://mast.stsci.edu/api/v0.1/Download/file?uri=' || 'mast:HST/product/' || p.filename END
       AS access_url,
       CAST('image/fits' AS TEXT) AS access_format,
       (pv.size_bytes + 999) / 1000 AS access_estsize,
       COALESCE(own.target_name, v.target_name) AS target_name,
       (SELECT CASE WHEN DEGREES(ATAN2(SUM(k.y), SUM(k.x))) < 0 THEN DEGREES(ATAN2(SUM(k.y), SUM(k.x))) + 360
                    ELSE DEGREES(ATAN2(SUM(k.y), SUM(k.x))) END FROM chip_solutions k WHERE k.solution_id = s.id) AS s_ra,
       (SELECT DEGREES(ATAN2(SUM(k.z), SQRT(SUM(k.x) * SUM(k.x) + SUM(k.y) * SUM(k.y)))) FROM chip_solutions k WHERE k.solution_id = s.id) AS s_dec,
       (SELECT 2 * MAX(k.radius_deg + DEGREES(2 * ASIN(0.5 * SQRT((k.x - m.x) * (k.x - m.x)
           + (k.y - m.y) * (k.y - m.y) + (k.z - m.z) * (k.z - m.z)))))
          FROM chip_solutions k JOIN (
               SELECT SUM(o.x) / SQRT(SUM(o.x) * SUM(o.x) + SUM(o.y) * SUM(o.y) + SUM(o.z) * SUM(o.z)) AS x, SUM(o.y) / SQRT(SUM(o.x) * SUM(o.x) + SUM(o.y) * SUM(o.y) + SUM(o.z) * SUM(o.z)) AS y,
                      SUM(o.z) / SQRT(SUM(o.x) * SUM(o.x) + SUM(o.y) * SUM(o.y) + SUM(o.z) * SUM(o.z)) AS z
                 FROM chip_solutions o WHERE o.solution_id = s.id) m ON 1 = 1
         WHERE k.solution_id = s.id) AS s_fov,
       (SELECT CASE WHEN COUNT(k.s_region) > 1
               THEN 'UNION ICRS ('
                    || REPLACE(GROUP_CONCAT(k.s_region, ' '),
                               'POLYGON ICRS', 'POLYGON') || ')'
               ELSE MAX(k.s_region) END FROM chip_solutions k WHERE k.solution_id = s.id) AS s_region,
       (SELECT MAX(k.naxis1_pix) FROM chip_solutions k WHERE k.solution_id = s.id) AS s_xel1,
       (SELECT MAX(k.naxis2_pix) FROM chip_solutions k WHERE k.solution_id = s.id) AS s_xel2,
       CAST(NULL AS DOUBLE PRECISION) AS s_resolution,
       (SELECT 3600 * SQRT(AVG(ABS(k.cd1_1_deg * k.cd2_2_deg - k.cd1_2_deg * k.cd2_1_deg)))
          FROM chip_solutions k WHERE k.solution_id = s.id) AS s_pixel_scale,
       SQRT((s.rms_ra_mas * s.rms_ra_mas + s.rms_dec_mas * s.rms_dec_mas) / 2) / 1000
       AS s_stat_error,
       COALESCE(own.expstart_mjd, (SELECT MIN(me.expstart_mjd) FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
         WHERE pm.product_id = p.id)) AS t_min,
       COALESCE(COALESCE(own.expend_mjd, own.expstart_mjd + own.exptime_s / 86400.0), (SELECT MAX(COALESCE(me.expend_mjd, me.expstart_mjd + me.exptime_s / 86400.0)) FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
         WHERE pm.product_id = p.id)) AS t_max,
       COALESCE(own.exptime_s, (SELECT SUM(me.exptime_s) FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
         WHERE pm.product_id = p.id)) AS t_exptime, COALESCE(own.exptime_s, (SELECT SUM(me.exptime_s) FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
         WHERE pm.product_id = p.id)) AS t_resolution, 1 AS t_xel,
       b.em_min_m AS em_min, b.em_max_m AS em_max,
       0.5 * (b.em_min_m + b.em_max_m) / (b.em_max_m - b.em_min_m) AS em_res_power,
       1 AS em_xel, CAST('phot.count' AS TEXT) AS o_ucd,
       CAST(NULL AS TEXT) AS pol_states, 0 AS pol_xel,
       CAST('HST' AS TEXT) AS facility_name,
       e.instrument || '/' || e.detector AS instrument_name,
       CAST(v.proposal_id AS TEXT) AS proposal_id, pv.date_written AS obs_creation_date,
       p.filename AS product, pv.number AS version, own.rootname, e.filters AS filter,
       v.program, v.number AS visit, v.program || v.number AS visit_label,
       s.wcs_name, (SELECT l.path FROM file_locations l WHERE l.version_id = pv.id
         ORDER BY l.is_managed DESC, l.id LIMIT 1) AS path
  FROM products p
  JOIN product_versions pv ON pv.product_id = p.id
  JOIN visits v ON v.id = p.visit_id
  LEFT JOIN exposures own ON own.id = p.exposure_id
  LEFT JOIN exposures e ON e.id = COALESCE(p.exposure_id, (
               SELECT me.id FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
                WHERE pm.product_id = p.id AND me.detector IS NOT NULL
                ORDER BY pm.position LIMIT 1))
  LEFT JOIN alignment_solutions s ON s.id = COALESCE(
               (SELECT MAX(h.id) FROM alignment_solutions h
                 WHERE h.version_id = pv.id AND h.wcs_key = ' '),
               (SELECT MAX(a.id) FROM alignment_solutions a WHERE a.applied_version_id = pv.id))
  LEFT JOIN passbands b ON b.instrument = e.instrument AND b.detector = e.detector
                       AND b.filter_name = e.filters
 WHERE p.kind <> 'hlet' AND NOT EXISTS (
               SELECT 1 FROM product_versions later
                WHERE later.product_id = pv.product_id AND later.number > pv.number);
CREATE VIEW v_activities AS
SELECT a.id AS run_id, a.kind, a.status, a.started_at, a.finished_at,
       CASE WHEN a.imported_by_id IS NULL
            THEN COALESCE(a.tool_version, 'skydb ' || a.skydb_version)
            ELSE a.tool_version END AS tool_version, a.error,
       a.agent, (a.imported_by_id IS NOT NULL) AS is_imported,
       COALESCE(r.replay_of_id, d.replay_of_id) AS replay_of,
       COALESCE(r.requested_method, d.requested_method) AS requested_method,
       COALESCE(r.effective_method, d.effective_method) AS effective_method,
       env.verdict AS environment_verdict
  FROM activities a
  LEFT JOIN sky_runs r ON r.id = a.id
  LEFT JOIN visit_drizzles d ON d.id = a.id
  LEFT JOIN environments env ON env.id = a.environment_id
 WHERE a.deleted_at IS NULL;
CREATE VIEW v_alignment_history AS
SELECT s.id, e.rootname, p.filename AS product,
       COALESCE(stands.number, pv.number) AS version,
       s.wcs_key, s.wcs_name, s.wcs_type, s.origin, s.status, s.reason,
       COALESCE(c.name, ar.reference) AS refcat, s.nmatches, s.rms_ra_mas, s.rms_dec_mas,
       s.fit_geometry, s.dx_pix, s.dy_pix, s.rotation_deg, s.scale, s.x_rms_pix, s.y_rms_pix,
       s.trust, s.predicted_shift_mas, s.realised_shift_mas, s.residual_mas,
       s.recorded_at, s.fitted_at, s.applied_at, s.superseded_by_id AS superseded_by,
       s.source_id, s.activity_id, pv.idctab, pv.cal_ver,
       COALESCE(stands.sha256, pv.sha256) AS sha256, pv.number AS fitted_on,
       a.tool_version, (a.imported_by_id IS NOT NULL) AS is_imported,
       p.flavour, p.kind, p.id AS product_id, COALESCE(stands.delivery, pv.delivery) AS delivery,
       s.repeats_id AS repeats, ar.what, s.group_name
  FROM alignment_solutions s
  JOIN products p ON p.id = s.product_id
  JOIN activities a ON a.id = s.activity_id
  LEFT JOIN alignment_runs ar ON ar.id = s.activity_id
  LEFT JOIN product_versions pv ON pv.id = s.version_id
  LEFT JOIN product_versions stands ON stands.id = s.applied_version_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
  LEFT JOIN reference_catalogs c ON c.id = s.catalog_id;
CREATE VIEW v_books AS
SELECT b.id, b.kind, b.label,
       CASE WHEN b.exposure_id IS NOT NULL THEN e.rootname
            WHEN b.visit_id IS NOT NULL THEN v.program || v.number
            WHEN b.product_id IS NOT NULL THEN p.filename
            WHEN b.solution_id IS NOT NULL THEN 'solution:' || b.solution_id
            WHEN b.activity_id IS NOT NULL THEN 'run:' || b.activity_id
            ELSE 'ledger' END AS subject,
       b.author, b.reason, b.made_at, b.withdrawn_at, b.withdrawn_by, b.withdrawn_why,
       e.rootname, COALESCE(p.filename, sp.filename) AS product,
       b.activity_id AS run_id, b.solution_id,
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       COALESCE(b.product_id, s.product_id) AS product_id
  FROM book_entries b
  LEFT JOIN alignment_solutions s ON s.id = b.solution_id
  LEFT JOIN products p ON p.id = b.product_id
  LEFT JOIN products sp ON sp.id = s.product_id
  LEFT JOIN exposures e ON e.id = COALESCE(b.exposure_id, p.exposure_id, sp.exposure_id)
  LEFT JOIN visits v
    ON v.id = COALESCE(b.visit_id, e.visit_id, p.visit_id, sp.visit_id);
CREATE VIEW v_downloads AS
SELECT d.id, d.uri, d.attempt, d.status, d.expected_bytes, d.received_bytes AS bytes,
       d.sha256, d.path, d.started_at, d.finished_at, d.error,
       p.filename AS product, pv.number AS version, e.rootname
  FROM downloads d
  LEFT JOIN product_versions pv ON pv.id = d.version_id
  LEFT JOIN products p ON p.id = pv.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id;
CREATE VIEW v_exposure_status AS
SELECT e.id AS exposure_id, e.rootname, v.id AS visit_id, v.proposal_id, v.program,
       v.number AS visit, v.program || v.number AS visit_label,
       e.target_name, e.detector, e.filters AS filter,
       CASE WHEN EXISTS (
           SELECT 1 FROM downloads d
             JOIN product_versions pv ON pv.id = d.version_id
             JOIN products p ON p.id = pv.product_id
            WHERE p.exposure_id = e.id AND d.status = 'complete') THEN 1 ELSE 0 END AS downloaded,
       CASE WHEN EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
            WHERE p.exposure_id = e.id AND p.kind <> 'hlet' AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND s.version_id IS NOT NULL
              AND (s.origin IN ('tweakreg', 'tweakback') OR EXISTS (
                       SELECT 1 FROM alignment_solutions src
                        WHERE src.id = s.source_id AND src.origin IN ('tweakreg', 'tweakback')))
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = st.product_id
                              AND l.delivery > st.delivery)
              AND (p.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products c
                    WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = p.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = c.id)))) THEN 1 ELSE 0 END AS aligned,
       CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND sv.mdrizsky IS NOT NULL
                      AND r.effective_method IN ('match', 'globalmin+match')) THEN 1 ELSE 0 END AS matched,
       CASE WHEN EXISTS (
           SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
             JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
            WHERE sv.exposure_id = e.id AND r.downgraded) THEN 1 ELSE 0 END AS downgraded,
       CASE WHEN e.id IS NOT NULL AND (
           EXISTS (SELECT 1 FROM book_entries b WHERE b.exposure_id = e.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM book_entries b WHERE b.visit_id = v.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM products p JOIN book_entries b ON b.product_id = p.id
                       WHERE p.exposure_id = e.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM products p
                        JOIN alignment_solutions s ON s.product_id = p.id
                        JOIN book_entries b ON b.solution_id = s.id
                       WHERE p.exposure_id = e.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)) THEN 1 ELSE 0 END AS flagged,
       CASE WHEN EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
            WHERE p.exposure_id = e.id AND s.status = 'applied' AND NOT EXISTS (
                       SELECT 1 FROM alignment_solutions l
                        WHERE l.product_id = s.product_id AND l.status = 'applied'
                          AND l.id > s.id AND l.version_id IS NOT NULL)
              AND EXISTS (SELECT 1 FROM product_versions n
                           WHERE n.product_id = p.id AND n.delivery > st.delivery))
           OR EXISTS (
           SELECT 1 FROM products p
             JOIN alignment_solutions s ON s.product_id = p.id
             JOIN activities a ON a.id = s.activity_id
             JOIN environments env ON env.id = a.environment_id
            WHERE p.exposure_id = e.id AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND env.verdict = 'failed')
           OR EXISTS (
           SELECT 1 FROM sky_values sv
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
            WHERE sv.exposure_id = e.id AND a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
           AND r.effective_method IS NOT NULL
              AND (env.verdict = 'failed' OR EXISTS (SELECT 1 FROM product_versions n
                        WHERE n.product_id = pv.product_id AND n.place > pv.place))
              AND NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL AND o.run_id > sv.run_id
                  AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
                  AND b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL))
           OR (SELECT MAX(dv.id) FROM product_members dm
              JOIN products dq ON dq.id = dm.product_id AND dq.kind IN ('drz', 'drc')
               AND dq.flavour IN ('pipeline', 'svm')
              JOIN product_versions dv ON dv.product_id = dq.id AND dv.derived_from_id IS NULL
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND own.flavour = dq.flavour
              JOIN product_versions n ON n.product_id = own.id AND n.derived_from_id IS NULL
             WHERE dm.rootname = e.rootname AND dv.cal_ver <> n.cal_ver
               AND dv.date_written > n.date_written
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.delivery > n.delivery)
               AND EXISTS (SELECT 1 FROM alignment_solutions da
                            WHERE da.product_id = own.id AND da.status = 'applied'
                              AND da.superseded_by_id IS NULL AND da.version_id IS NOT NULL)
               AND (own.kind = 'flc' OR NOT EXISTS (
                    SELECT 1 FROM products c
                     WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = own.flavour))) IS NOT NULL THEN 1 ELSE 0 END AS stale,
       CASE WHEN e.known_from = 'log' THEN 1 ELSE 0 END AS logged
  FROM exposures e JOIN visits v ON v.id = e.visit_id;
CREATE VIEW v_findings AS
SELECT f.activity_id AS run_id, f.kind, f.subject, f.message, f.noticed_at, a.kind AS during, f.id
  FROM findings f
  JOIN activities a ON a.id = f.activity_id
 WHERE a.deleted_at IS NULL;
CREATE VIEW v_footprints AS
SELECT own.rootname, p.filename AS product, p.kind, pv.number AS version,
       c.solution_id, c.extver, CASE WHEN DEGREES(ATAN2(c.y, c.x)) < 0 THEN DEGREES(ATAN2(c.y, c.x)) + 360
                    ELSE DEGREES(ATAN2(c.y, c.x)) END AS ra_deg,
       DEGREES(ATAN2(c.z, SQRT(c.x * c.x + c.y * c.y))) AS dec_deg, c.x, c.y, c.z, c.radius_deg, c.s_region,
       s.wcs_name, e.instrument, e.detector, e.filters AS filter, v.proposal_id,
       v.program, v.number AS visit, v.program || v.number AS visit_label,
       COALESCE(own.target_name, v.target_name) AS target_name, own.expstart_mjd
  FROM chip_solutions c
  JOIN alignment_solutions s ON s.id = c.solution_id
  JOIN product_versions pv ON pv.id = s.version_id
  JOIN products p ON p.id = pv.product_id
  JOIN visits v ON v.id = p.visit_id
  LEFT JOIN exposures own ON own.id = p.exposure_id
  LEFT JOIN exposures e ON e.id = COALESCE(p.exposure_id, (
               SELECT me.id FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
                WHERE pm.product_id = p.id AND me.detector IS NOT NULL
                ORDER BY pm.position LIMIT 1))
 WHERE c.radius_deg IS NOT NULL AND s.wcs_key = ' '
   AND NOT EXISTS (
               SELECT 1 FROM product_versions later
                WHERE later.product_id = pv.product_id AND later.number > pv.number)
UNION ALL
SELECT own.rootname, p.filename AS product, p.kind, pv.number AS version,
       c.solution_id, c.extver, CASE WHEN DEGREES(ATAN2(c.y, c.x)) < 0 THEN DEGREES(ATAN2(c.y, c.x)) + 360
                    ELSE DEGREES(ATAN2(c.y, c.x)) END AS ra_deg,
       DEGREES(ATAN2(c.z, SQRT(c.x * c.x + c.y * c.y))) AS dec_deg, c.x, c.y, c.z, c.radius_deg, c.s_region,
       s.wcs_name, e.instrument, e.detector, e.filters AS filter, v.proposal_id,
       v.program, v.number AS visit, v.program || v.number AS visit_label,
       COALESCE(own.target_name, v.target_name) AS target_name, own.expstart_mjd
  FROM chip_solutions c
  JOIN alignment_solutions s ON s.id = c.solution_id
  JOIN product_versions pv ON pv.id = s.applied_version_id
  JOIN products p ON p.id = pv.product_id
  JOIN visits v ON v.id = p.visit_id
  LEFT JOIN exposures own ON own.id = p.exposure_id
  LEFT JOIN exposures e ON e.id = COALESCE(p.exposure_id, (
               SELECT me.id FROM product_members pm JOIN exposures me ON me.rootname = pm.rootname
                WHERE pm.product_id = p.id AND me.detector IS NOT NULL
                ORDER BY pm.position LIMIT 1))
 WHERE c.radius_deg IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM alignment_solutions h
        WHERE h.version_id = pv.id AND h.wcs_key = ' ')
   AND NOT EXISTS (
               SELECT 1 FROM product_versions later
                WHERE later.product_id = pv.product_id AND later.number > pv.number);
CREATE VIEW v_input_proofs AS
SELECT i.activity_id, a.kind AS activity_kind, i.tool, p.filename AS product,
       pv.number AS version, e.rootname, (SELECT l.path FROM file_locations l WHERE l.version_id = pv.id
         ORDER BY l.is_managed DESC, l.id LIMIT 1) AS path, i.sha256_before, i.sha256_after,
       i.is_untouched, i.cards_added, i.cards_removed, i.cards_changed,
       i.pixels_changed, i.changes
  FROM input_proofs i
  JOIN activities a ON a.id = i.activity_id
  JOIN product_versions pv ON pv.id = i.version_id
  JOIN products p ON p.id = pv.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id;
CREATE VIEW v_visit_status AS
SELECT v.id AS visit_id, v.proposal_id, v.program, v.number AS visit,
       v.program || v.number AS visit_label, v.target_name,
       s.exposures,
       s.downloaded,
       s.aligned,
       s.matched,
       s.downgraded,
       s.flagged,
       s.stale,
       s.logged,
       s.flags,
       s.last_activity_at
  FROM visits v JOIN visit_summaries s ON s.visit_id = v.id
 WHERE NOT EXISTS (SELECT 1 FROM changed_visits c WHERE c.visit_id = v.id)
UNION ALL
SELECT v.id, v.proposal_id, v.program, v.number, v.program || v.number, v.target_name,
       s.exposures,
       s.downloaded,
       s.aligned,
       s.matched,
       s.downgraded,
       s.flagged,
       s.stale,
       s.logged,
       s.flags,
       s.last_activity_at
  FROM visits v JOIN (
SELECT v.id AS visit_id,
       COUNT(e.id) AS exposures,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM downloads d
             JOIN product_versions pv ON pv.id = d.version_id
             JOIN products p ON p.id = pv.product_id
            WHERE p.exposure_id = e.id AND d.status = 'complete') THEN 1 ELSE 0 END) AS downloaded,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
            WHERE p.exposure_id = e.id AND p.kind <> 'hlet' AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND s.version_id IS NOT NULL
              AND (s.origin IN ('tweakreg', 'tweakback') OR EXISTS (
                       SELECT 1 FROM alignment_solutions src
                        WHERE src.id = s.source_id AND src.origin IN ('tweakreg', 'tweakback')))
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = st.product_id
                              AND l.delivery > st.delivery)
              AND (p.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products c
                    WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = p.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = c.id)))) THEN 1 ELSE 0 END) AS aligned,
       SUM(CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND sv.mdrizsky IS NOT NULL
                      AND r.effective_method IN ('match', 'globalmin+match')) THEN 1 ELSE 0 END) AS matched,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
             JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
            WHERE sv.exposure_id = e.id AND r.downgraded) THEN 1 ELSE 0 END) AS downgraded,
       SUM(CASE WHEN e.id IS NOT NULL AND (
           EXISTS (SELECT 1 FROM book_entries b WHERE b.exposure_id = e.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM book_entries b WHERE b.visit_id = v.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM products p JOIN book_entries b ON b.product_id = p.id
                       WHERE p.exposure_id = e.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
           OR EXISTS (SELECT 1 FROM products p
                        JOIN alignment_solutions s ON s.product_id = p.id
                        JOIN book_entries b ON b.solution_id = s.id
                       WHERE p.exposure_id = e.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)) THEN 1 ELSE 0 END) AS flagged,
       SUM(CASE WHEN EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
            WHERE p.exposure_id = e.id AND s.status = 'applied' AND NOT EXISTS (
                       SELECT 1 FROM alignment_solutions l
                        WHERE l.product_id = s.product_id AND l.status = 'applied'
                          AND l.id > s.id AND l.version_id IS NOT NULL)
              AND EXISTS (SELECT 1 FROM product_versions n
                           WHERE n.product_id = p.id AND n.delivery > st.delivery))
           OR EXISTS (
           SELECT 1 FROM products p
             JOIN alignment_solutions s ON s.product_id = p.id
             JOIN activities a ON a.id = s.activity_id
             JOIN environments env ON env.id = a.environment_id
            WHERE p.exposure_id = e.id AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND env.verdict = 'failed')
           OR EXISTS (
           SELECT 1 FROM sky_values sv
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
            WHERE sv.exposure_id = e.id AND a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
           AND r.effective_method IS NOT NULL
              AND (env.verdict = 'failed' OR EXISTS (SELECT 1 FROM product_versions n
                        WHERE n.product_id = pv.product_id AND n.place > pv.place))
              AND NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL AND o.run_id > sv.run_id
                  AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
                  AND b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL))
           OR (SELECT MAX(dv.id) FROM product_members dm
              JOIN products dq ON dq.id = dm.product_id AND dq.kind IN ('drz', 'drc')
               AND dq.flavour IN ('pipeline', 'svm')
              JOIN product_versions dv ON dv.product_id = dq.id AND dv.derived_from_id IS NULL
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND own.flavour = dq.flavour
              JOIN product_versions n ON n.product_id = own.id AND n.derived_from_id IS NULL
             WHERE dm.rootname = e.rootname AND dv.cal_ver <> n.cal_ver
               AND dv.date_written > n.date_written
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.delivery > n.delivery)
               AND EXISTS (SELECT 1 FROM alignment_solutions da
                            WHERE da.product_id = own.id AND da.status = 'applied'
                              AND da.superseded_by_id IS NULL AND da.version_id IS NOT NULL)
               AND (own.kind = 'flc' OR NOT EXISTS (
                    SELECT 1 FROM products c
                     WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = own.flavour))) IS NOT NULL THEN 1 ELSE 0 END) AS stale,
       SUM(CASE WHEN e.known_from = 'log' THEN 1 ELSE 0 END) AS logged,
       (SELECT COUNT(*) FROM book_entries b WHERE b.visit_id = v.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
       + (SELECT COUNT(*) FROM exposures x JOIN book_entries b ON b.exposure_id = x.id
           WHERE x.visit_id = v.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
       + (SELECT COUNT(*) FROM products p JOIN book_entries b ON b.product_id = p.id
           WHERE p.visit_id = v.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL)
       + (SELECT COUNT(*) FROM products p
            JOIN alignment_solutions s ON s.product_id = p.id
            JOIN book_entries b ON b.solution_id = s.id
           WHERE p.visit_id = v.id AND b.kind = 'flag' AND b.withdrawn_at IS NULL) AS flags,
       (SELECT MAX(did.at) FROM (
           SELECT COALESCE(a.finished_at, a.started_at, a.created_at) AS at
             FROM products p
             JOIN product_versions pv ON pv.product_id = p.id
             JOIN activity_used u ON u.version_id = pv.id
             JOIN activities a ON a.id = u.activity_id
            WHERE p.visit_id = v.id
           UNION ALL
           SELECT COALESCE(a.finished_at, a.started_at, a.created_at)
             FROM products p
             JOIN product_versions pv ON pv.product_id = p.id
             JOIN activity_generated g ON g.version_id = pv.id
             JOIN activities a ON a.id = g.activity_id
            WHERE p.visit_id = v.id
           UNION ALL
           SELECT COALESCE(a.finished_at, a.started_at)
             FROM exposures x
             JOIN sky_values sv ON sv.exposure_id = x.id AND sv.version_id IS NULL
             JOIN activities a ON a.id = sv.run_id
            WHERE x.visit_id = v.id) did) AS last_activity_at
  FROM visits v LEFT JOIN exposures e ON e.visit_id = v.id
 WHERE v.id IN (SELECT c.visit_id FROM changed_visits c)
 GROUP BY v.id) s ON s.visit_id = v.id;
CREATE VIEW v_run_inputs AS
SELECT u.activity_id AS run_id, e.rootname, pv.filename, p.flavour, pv.number AS version,
       COALESCE(s.wcs_name, own.wcs_name) AS wcs_name,
       CASE WHEN s.id IS NULL THEN 'archive' ELSE 'solution:' || s.id END AS alignment,
       u.reason, u.passed_over, u.role, p.kind, pv.delivery, pv.cal_ver, pv.date_written,
       pv.sha256, a.kind AS run_kind
  FROM activity_used u
  JOIN activities a ON a.id = u.activity_id
  JOIN product_versions pv ON pv.id = u.version_id
  JOIN products p ON p.id = pv.product_id
  LEFT JOIN exposures e ON e.id = p.exposure_id
  LEFT JOIN alignment_solutions s ON s.id = (
       SELECT MAX(f.id + 0) FROM alignment_solutions f
        WHERE (f.applied_version_id = pv.id OR (f.applied_version_id IS NULL AND f.version_id = pv.id))
          AND f.status = 'applied'
          AND f.origin IN ('tweakreg', 'tweakback', 'restored'))
  LEFT JOIN alignment_solutions own ON own.id = (
       SELECT MIN(o.id) FROM alignment_solutions o
        WHERE o.version_id = pv.id AND o.wcs_key = ' ')
 WHERE a.deleted_at IS NULL;
CREATE VIEW v_sky_comparison AS
SELECT r.group_id, e.rootname, sv.extver,
       MAX(CASE WHEN r.effective_method = 'localmin' THEN sv.mdrizsky END) AS localmin,
       MAX(CASE WHEN r.effective_method = 'match' THEN sv.mdrizsky END) AS match,
       MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN sv.mdrizsky END)
           AS globalmin_match,
       MAX(CASE WHEN r.effective_method = 'globalmin' THEN sv.mdrizsky END) AS globalmin,
       MAX(sv.unit) AS unit,
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       e.filters AS filter, e.detector,
       MAX(CASE WHEN r.effective_method = 'localmin' THEN sv.mdrizsky_sigma END)
           AS localmin_sigma,
       MAX(CASE WHEN r.effective_method = 'match' THEN sv.mdrizsky_sigma END) AS match_sigma,
       MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN sv.mdrizsky_sigma END)
           AS globalmin_match_sigma,
       MAX(CASE WHEN r.effective_method = 'globalmin' THEN sv.mdrizsky_sigma END)
           AS globalmin_sigma
  FROM sky_runs r
  JOIN activities a ON a.id = r.id
  JOIN sky_values sv ON sv.run_id = r.id
  JOIN exposures e ON e.id = sv.exposure_id
  JOIN visits v ON v.id = e.visit_id
 WHERE a.status = 'succeeded' AND a.deleted_at IS NULL AND r.effective_method NOT IN ('user', 'none')
   AND r.replay_of_id IS NULL
   AND NOT EXISTS (
       SELECT 1 FROM sky_runs n JOIN activities b ON b.id = n.id
        WHERE n.group_id = r.group_id AND n.effective_method = r.effective_method
          AND n.id > r.id AND b.status = 'succeeded' AND b.deleted_at IS NULL
          AND n.replay_of_id IS NULL)
 GROUP BY r.group_id, e.rootname, sv.extver, v.proposal_id, v.program, v.number,
          e.filters, e.detector;
CREATE VIEW v_sky_current AS
SELECT e.rootname, r.effective_method AS method, r.requested_method, r.downgraded,
       sv.run_id, a.started_at, p.filename AS product, pv.number AS version,
       EXISTS (SELECT 1 FROM product_versions n
                        WHERE n.product_id = pv.product_id AND n.place > pv.place) AS is_outdated,
       env.verdict AS environment_verdict, env.checked_at AS environment_checked_at,
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       sv.exposure_id
  FROM exposures e
  JOIN visits v ON v.id = e.visit_id
  JOIN sky_values sv ON sv.exposure_id = e.id
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
  LEFT JOIN products p ON p.id = pv.product_id
 WHERE a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
           AND r.effective_method IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL AND o.run_id > sv.run_id
                  AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
                  AND b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL);
CREATE VIEW v_sky_values AS
SELECT sv.run_id, a.started_at, e.rootname, sv.extver,
       r.requested_method, r.effective_method, r.downgraded,
       sv.mdrizsky, sv.mdrizsky_sigma, sv.unit, (r.effective_method = 'match') AS is_relative,
       v.proposal_id, v.program, v.number AS visit, v.program || v.number AS visit_label,
       e.filters AS filter, e.instrument,
       e.detector, r.engine, r.group_id, e.expstart_mjd, pv.sha256 AS input_sha256,
       env.verdict AS environment_verdict,
       a.tool_version, (a.imported_by_id IS NOT NULL) AS is_imported, r.retention,
       pv.cal_ver, pv.idctab, pv.number AS version, sv.cr_masked_pix,
       sv.log_line
  FROM sky_values sv
  JOIN sky_runs r ON r.id = sv.run_id
  JOIN activities a ON a.id = r.id
  JOIN exposures e ON e.id = sv.exposure_id
  JOIN visits v ON v.id = e.visit_id
  LEFT JOIN product_versions pv ON pv.id = sv.version_id
  LEFT JOIN environments env ON env.id = a.environment_id
 WHERE a.deleted_at IS NULL;
CREATE VIEW v_todo AS
WITH RECURSIVE
successors (catalog_id, successor_id) AS (
    SELECT k.id, k.superseded_by_id FROM reference_catalogs k
     WHERE k.superseded_by_id IS NOT NULL
    UNION
    SELECT h.catalog_id, k.superseded_by_id FROM successors h
      JOIN reference_catalogs k ON k.id = h.successor_id
     WHERE k.superseded_by_id IS NOT NULL
),
named (idctab) AS (
    SELECT MIN(n.idctab) FROM product_versions n
    UNION ALL
    SELECT (SELECT MIN(n.idctab) FROM product_versions n WHERE n.idctab > t.idctab)
      FROM named t WHERE t.idctab IS NOT NULL
),
seen AS (
    SELECT t.idctab, (SELECT n.id FROM product_versions n
                       WHERE n.idctab = t.idctab AND n.date_written IS NOT NULL
                       ORDER BY n.date_written LIMIT 1) AS version_id
      FROM named t WHERE t.idctab IS NOT NULL
),
idctabs AS (
    SELECT seen.idctab, COALESCE(n.idctab_date, n.date_written) AS made_on, n.recorded_at, COALESCE(
           (SELECT x.instrument || '/' || x.detector FROM exposures x
             WHERE x.id = q.exposure_id),
           (SELECT MAX(x.instrument || '/' || x.detector) FROM product_members m
              JOIN exposures x ON x.rootname = m.rootname WHERE m.product_id = q.id))
           AS detector
      FROM seen
      JOIN product_versions n ON n.id = seen.version_id
      JOIN products q ON q.id = n.product_id
)
SELECT d.rule, d.since, d.subject, d.reason, d.rootname, d.product, d.run_id, d.proposal_id, d.program, d.visit, d.visit_label, d.target, d.detector, d.filter, d.method, d.refcat, d.observation, d.visit_id, d.exposure_id, d.product_id, d.fitted_id
  FROM (
SELECT 'not-aligned' AS rule,
       (SELECT MIN(n.recorded_at) FROM products q
           JOIN product_versions n ON n.product_id = q.id WHERE q.exposure_id = e.id) AS since,
       e.rootname AS subject,
       'skydb has not aligned the file of it that a run would use; its WCS is ' || COALESCE(
           (SELECT MAX(s.wcs_name) FROM products q
              JOIN alignment_solutions s ON s.product_id = q.id
             WHERE q.exposure_id = e.id AND s.wcs_key = ' '
               AND s.superseded_by_id IS NULL), 'not known')
       || CASE WHEN (SELECT q.id FROM product_members m
              JOIN products q ON q.id = m.product_id AND q.kind IN ('drz', 'drc')
              JOIN product_versions qn ON qn.product_id = q.id
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND (own.flavour = q.flavour OR q.flavour IN ('user', 'skydb'))
              JOIN product_versions n ON n.product_id = own.id
             WHERE m.rootname = e.rootname
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = qn.product_id
                              AND l.place > qn.place) AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.place > n.place)
               AND COALESCE(qn.cal_ver, n.cal_ver, '') = COALESCE(n.cal_ver, qn.cal_ver, '')
               AND COALESCE(qn.idctab, n.idctab, '') = COALESCE(n.idctab, qn.idctab, '')
               AND NOT EXISTS (
                   SELECT 1 FROM findings f
                     JOIN activities fa ON fa.id = f.activity_id
                     JOIN activity_used fu ON fu.activity_id = fa.id
                     JOIN product_versions fv ON fv.id = fu.version_id
                    WHERE f.kind = 'not-moved' AND f.subject = e.rootname
                      AND fv.product_id = q.id AND fv.delivery = qn.delivery
                      AND f.noticed_at > n.recorded_at)
             ORDER BY CASE q.flavour WHEN 'pipeline' THEN 1 WHEN 'svm' THEN 2 WHEN 'mvm' THEN 3
                      WHEN 'skydb' THEN 4 ELSE 5 END,
                      CASE WHEN q.filename LIKE 'hst%total%' THEN 1 ELSE 0 END,
                      CASE WHEN q.flavour = 'skydb' THEN (
                           SELECT COUNT(*) FROM product_members qm WHERE qm.product_id = q.id)
                      ELSE 0 END DESC, q.id DESC LIMIT 1) IS NULL
          THEN '; no drizzled product of its newest file is recorded: fetch or make it (`skydb drizzle --visit '
               || v.program || v.number || '`) and fit it, or fit the exposures (`skydb align run --what exposures`).'
          ELSE '.' END AS reason,
       e.rootname AS rootname,
       (SELECT fq.filename FROM products fq WHERE fq.id = (SELECT q.id FROM product_members m
              JOIN products q ON q.id = m.product_id AND q.kind IN ('drz', 'drc')
              JOIN product_versions qn ON qn.product_id = q.id
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND (own.flavour = q.flavour OR q.flavour IN ('user', 'skydb'))
              JOIN product_versions n ON n.product_id = own.id
             WHERE m.rootname = e.rootname
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = qn.product_id
                              AND l.place > qn.place) AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.place > n.place)
               AND COALESCE(qn.cal_ver, n.cal_ver, '') = COALESCE(n.cal_ver, qn.cal_ver, '')
               AND COALESCE(qn.idctab, n.idctab, '') = COALESCE(n.idctab, qn.idctab, '')
               AND NOT EXISTS (
                   SELECT 1 FROM findings f
                     JOIN activities fa ON fa.id = f.activity_id
                     JOIN activity_used fu ON fu.activity_id = fa.id
                     JOIN product_versions fv ON fv.id = fu.version_id
                    WHERE f.kind = 'not-moved' AND f.subject = e.rootname
                      AND fv.product_id = q.id AND fv.delivery = qn.delivery
                      AND f.noticed_at > n.recorded_at)
             ORDER BY CASE q.flavour WHEN 'pipeline' THEN 1 WHEN 'svm' THEN 2 WHEN 'mvm' THEN 3
                      WHEN 'skydb' THEN 4 ELSE 5 END,
                      CASE WHEN q.filename LIKE 'hst%total%' THEN 1 ELSE 0 END,
                      CASE WHEN q.flavour = 'skydb' THEN (
                           SELECT COUNT(*) FROM product_members qm WHERE qm.product_id = q.id)
                      ELSE 0 END DESC, q.id DESC LIMIT 1)) AS product,
       CAST(NULL AS BIGINT) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       (SELECT q.id FROM product_members m
              JOIN products q ON q.id = m.product_id AND q.kind IN ('drz', 'drc')
              JOIN product_versions qn ON qn.product_id = q.id
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND (own.flavour = q.flavour OR q.flavour IN ('user', 'skydb'))
              JOIN product_versions n ON n.product_id = own.id
             WHERE m.rootname = e.rootname
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = qn.product_id
                              AND l.place > qn.place) AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.place > n.place)
               AND COALESCE(qn.cal_ver, n.cal_ver, '') = COALESCE(n.cal_ver, qn.cal_ver, '')
               AND COALESCE(qn.idctab, n.idctab, '') = COALESCE(n.idctab, qn.idctab, '')
               AND NOT EXISTS (
                   SELECT 1 FROM findings f
                     JOIN activities fa ON fa.id = f.activity_id
                     JOIN activity_used fu ON fu.activity_id = fa.id
                     JOIN product_versions fv ON fv.id = fu.version_id
                    WHERE f.kind = 'not-moved' AND f.subject = e.rootname
                      AND fv.product_id = q.id AND fv.delivery = qn.delivery
                      AND f.noticed_at > n.recorded_at)
             ORDER BY CASE q.flavour WHEN 'pipeline' THEN 1 WHEN 'svm' THEN 2 WHEN 'mvm' THEN 3
                      WHEN 'skydb' THEN 4 ELSE 5 END,
                      CASE WHEN q.filename LIKE 'hst%total%' THEN 1 ELSE 0 END,
                      CASE WHEN q.flavour = 'skydb' THEN (
                           SELECT COUNT(*) FROM product_members qm WHERE qm.product_id = q.id)
                      ELSE 0 END DESC, q.id DESC LIMIT 1) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
 WHERE e.known_from = 'header' AND NOT EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
            WHERE p.exposure_id = e.id AND p.kind <> 'hlet' AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND s.version_id IS NOT NULL
              AND (s.origin IN ('tweakreg', 'tweakback') OR EXISTS (
                       SELECT 1 FROM alignment_solutions src
                        WHERE src.id = s.source_id AND src.origin IN ('tweakreg', 'tweakback')))
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = st.product_id
                              AND l.delivery > st.delivery)
              AND (p.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products c
                    WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = p.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = c.id))))
   AND NOT EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
             JOIN product_versions n ON n.product_id = p.id AND n.delivery > st.delivery
              AND n.derived_from_id IS NULL
            WHERE p.exposure_id = e.id AND s.status = 'applied' AND NOT EXISTS (
                       SELECT 1 FROM alignment_solutions l
                        WHERE l.product_id = s.product_id AND l.status = 'applied'
                          AND l.id > s.id AND l.version_id IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.delivery > n.delivery))
   AND NOT (EXISTS (
           SELECT 1 FROM product_members wm
             JOIN alignment_solutions w ON w.product_id = wm.product_id
             JOIN product_versions wv ON wv.id = w.version_id
            WHERE wm.rootname = e.rootname AND w.status = 'proposed'
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = wv.product_id
                              AND l.delivery > wv.delivery) AND EXISTS (
           SELECT 1 FROM products dp
             JOIN products op ON op.exposure_id = e.id AND op.kind <> 'hlet'
              AND (op.flavour = dp.flavour OR dp.flavour IN ('user', 'skydb'))
             JOIN product_versions ov ON ov.product_id = op.id
            WHERE dp.id = wv.product_id AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = ov.product_id
                              AND l.place > ov.place)
              AND COALESCE(wv.cal_ver, ov.cal_ver, '') = COALESCE(ov.cal_ver, wv.cal_ver, '')
              AND COALESCE(wv.idctab, ov.idctab, '') = COALESCE(ov.idctab, wv.idctab, '')))
       OR EXISTS (
           SELECT 1 FROM products wp
             JOIN alignment_solutions w ON w.product_id = wp.id
             JOIN product_versions wv ON wv.id = w.version_id
            WHERE wp.exposure_id = e.id AND w.status = 'proposed'
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = wv.product_id
                              AND l.delivery > wv.delivery) AND (w.group_name IS NULL OR NOT EXISTS (
           SELECT 1 FROM alignment_solutions g
             JOIN product_versions gv ON gv.id = g.version_id
            WHERE g.activity_id = w.activity_id AND g.group_name = w.group_name
              AND NOT (NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = gv.product_id
                              AND l.delivery > gv.delivery))))
              AND (wp.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products wc
                    WHERE wc.exposure_id = e.id AND wc.kind = 'flc' AND wc.flavour = wp.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = wc.id)))))
UNION ALL
SELECT 'fit-waiting' AS rule,
       MAX(s.recorded_at) AS since,
       'run:' || a.id AS subject,
       (SELECT COUNT(*) FROM alignment_solutions rs
          WHERE rs.activity_id = a.id AND rs.status = 'proposed')
       || ' of its fits wait for review: see `skydb align show ' || a.id || '`.'
       || COALESCE((SELECT ' It leaves ' || NULLIF(COUNT(DISTINCT le.id), 0)
                           || ' exposures, of which newer files were delivered than were drizzled.'
                      FROM alignment_solutions ls
                      JOIN product_versions lv ON lv.id = ls.version_id
                      JOIN product_members lm ON lm.product_id = ls.product_id
                      JOIN exposures le ON le.rootname = lm.rootname
                      JOIN products lo ON lo.exposure_id = le.id AND lo.kind <> 'hlet'
                     WHERE ls.activity_id = a.id AND ls.status = 'proposed'
                       AND NOT EXISTS (
           SELECT 1 FROM products dp
             JOIN products op ON op.exposure_id = le.id AND op.kind <> 'hlet'
              AND (op.flavour = dp.flavour OR dp.flavour IN ('user', 'skydb'))
             JOIN product_versions ov ON ov.product_id = op.id
            WHERE dp.id = lv.product_id AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = ov.product_id
                              AND l.place > ov.place)
              AND COALESCE(lv.cal_ver, ov.cal_ver, '') = COALESCE(ov.cal_ver, lv.cal_ver, '')
              AND COALESCE(lv.idctab, ov.idctab, '') = COALESCE(ov.idctab, lv.idctab, ''))), '') AS reason,
       CAST(NULL AS VARCHAR) AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       a.id AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       CAST(NULL AS VARCHAR) AS target,
       CAST(NULL AS VARCHAR) AS detector,
       CAST(NULL AS VARCHAR) AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       CAST(NULL AS VARCHAR) AS observation,
       v.id AS visit_id,
       CAST(NULL AS BIGINT) AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM products p
  JOIN visits v ON v.id = p.visit_id
  JOIN alignment_solutions s ON s.product_id = p.id AND s.status = 'proposed'
  JOIN activities a ON a.id = s.activity_id
  JOIN product_versions sv ON sv.id = s.version_id
 WHERE a.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = sv.product_id
                              AND l.delivery > sv.delivery)
   AND NOT (COALESCE(s.trust, 1) < 0.5 OR (s.group_name IS NULL AND COALESCE(s.nmatches, 100) < CASE s.fit_geometry WHEN 'shift' THEN 6 WHEN 'rshift' THEN 9
            WHEN 'general' THEN 25 ELSE 12 END)) AND (s.group_name IS NULL OR NOT EXISTS (
           SELECT 1 FROM alignment_solutions g
             JOIN product_versions gv ON gv.id = g.version_id
            WHERE g.activity_id = s.activity_id AND g.group_name = s.group_name
              AND NOT (NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = gv.product_id
                              AND l.delivery > gv.delivery))))   AND (NOT EXISTS (SELECT 1 FROM product_members pm
          JOIN exposures pe ON pe.rootname = pm.rootname
          JOIN products po ON po.exposure_id = pe.id AND po.kind <> 'hlet'
         WHERE pm.product_id = p.id)
        OR EXISTS (SELECT 1 FROM product_members pm
          JOIN exposures pe ON pe.rootname = pm.rootname
          JOIN products po ON po.exposure_id = pe.id AND po.kind <> 'hlet'
         WHERE pm.product_id = p.id AND EXISTS (
           SELECT 1 FROM products dp
             JOIN products op ON op.exposure_id = pe.id AND op.kind <> 'hlet'
              AND (op.flavour = dp.flavour OR dp.flavour IN ('user', 'skydb'))
             JOIN product_versions ov ON ov.product_id = op.id
            WHERE dp.id = sv.product_id AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = ov.product_id
                              AND l.place > ov.place)
              AND COALESCE(sv.cal_ver, ov.cal_ver, '') = COALESCE(ov.cal_ver, sv.cal_ver, '')
              AND COALESCE(sv.idctab, ov.idctab, '') = COALESCE(ov.idctab, sv.idctab, ''))))
   AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                    WHERE o.product_id = s.product_id AND o.status IN ('proposed', 'applied')
                      AND o.origin = 'tweakreg' AND o.version_id = s.version_id AND o.id > s.id)
 GROUP BY a.id, v.id, v.proposal_id, v.program, v.number
UNION ALL
SELECT 'fit-failed' AS rule,
       s.recorded_at AS since,
       p.filename AS subject,
       'The newest fit failed: ' || COALESCE(s.reason, 'no reason was recorded') || '.' AS reason,
       e.rootname AS rootname,
       p.filename AS product,
       s.activity_id AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       CAST(NULL AS VARCHAR) AS detector,
       CAST(NULL AS VARCHAR) AS filter,
       CAST(NULL AS VARCHAR) AS method,
       c.name AS refcat,
       CAST(NULL AS VARCHAR) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       p.id AS product_id,
       p.id AS fitted_id
  FROM products p
  JOIN visits v ON v.id = p.visit_id
  JOIN alignment_solutions s ON s.product_id = p.id
  LEFT JOIN exposures e ON e.id = p.exposure_id
  LEFT JOIN reference_catalogs c ON c.id = s.catalog_id
 WHERE s.status = 'failed' AND s.origin = 'tweakreg' AND s.version_id IS NOT NULL AND s.superseded_by_id IS NULL
   AND EXISTS (SELECT 1 FROM product_versions fv
                WHERE fv.id = s.version_id AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = fv.product_id
                              AND l.delivery > fv.delivery))
   AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                    WHERE o.product_id = s.product_id AND o.origin = 'tweakreg'
                      AND o.version_id IS NOT NULL AND o.id > s.id
                      AND NOT EXISTS (SELECT 1 FROM activities ra
                                       WHERE ra.id = o.activity_id AND JSON_EXTRACT(ra.parameters, '$.replay_of') IS NOT NULL))
   AND NOT EXISTS (SELECT 1 FROM activities ra
                    WHERE ra.id = s.activity_id AND JSON_EXTRACT(ra.parameters, '$.replay_of') IS NOT NULL)
UNION ALL
SELECT 'weak-fit' AS rule,
       s.recorded_at AS since,
       p.filename AS subject,
       CASE WHEN s.group_name IS NULL AND s.nmatches < CASE s.fit_geometry WHEN 'shift' THEN 6 WHEN 'rshift' THEN 9
            WHEN 'general' THEN 25 ELSE 12 END
            THEN s.nmatches || ' matches, ' || COALESCE(s.fit_geometry, 'a fit')
                 || ' wants ' || CASE s.fit_geometry WHEN 'shift' THEN 6 WHEN 'rshift' THEN 9
            WHEN 'general' THEN 25 ELSE 12 END ELSE 'The newest fit is weak' END
       || CASE WHEN s.trust < 0.5
            THEN '; trust ' || ROUND(CAST(s.trust AS NUMERIC), 2)
                 || ', the floor is 0.5.' ELSE '.' END AS reason,
       e.rootname AS rootname,
       p.filename AS product,
       s.activity_id AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       CAST(NULL AS VARCHAR) AS detector,
       CAST(NULL AS VARCHAR) AS filter,
       CAST(NULL AS VARCHAR) AS method,
       c.name AS refcat,
       CAST(NULL AS VARCHAR) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       p.id AS product_id,
       p.id AS fitted_id
  FROM products p
  JOIN visits v ON v.id = p.visit_id
  JOIN alignment_solutions s ON s.product_id = p.id
  LEFT JOIN exposures e ON e.id = p.exposure_id
  LEFT JOIN reference_catalogs c ON c.id = s.catalog_id
 WHERE s.status IN ('proposed', 'applied')
   AND (s.trust < 0.5 OR (s.group_name IS NULL AND s.nmatches < CASE s.fit_geometry WHEN 'shift' THEN 6 WHEN 'rshift' THEN 9
            WHEN 'general' THEN 25 ELSE 12 END)) AND s.origin = 'tweakreg' AND s.version_id IS NOT NULL AND s.superseded_by_id IS NULL
   AND EXISTS (SELECT 1 FROM product_versions fv
                WHERE fv.id = s.version_id AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = fv.product_id
                              AND l.delivery > fv.delivery))
   AND NOT EXISTS (SELECT 1 FROM alignment_solutions o
                    WHERE o.product_id = s.product_id AND o.origin = 'tweakreg'
                      AND o.version_id IS NOT NULL AND o.id > s.id
                      AND NOT EXISTS (SELECT 1 FROM activities ra
                                       WHERE ra.id = o.activity_id AND JSON_EXTRACT(ra.parameters, '$.replay_of') IS NOT NULL))
   AND NOT EXISTS (SELECT 1 FROM activities ra
                    WHERE ra.id = s.activity_id AND JSON_EXTRACT(ra.parameters, '$.replay_of') IS NOT NULL)
UNION ALL
SELECT 'alignment-outdated' AS rule,
       n.recorded_at AS since,
       e.rootname AS subject,
       'Version ' || n.number || ' is of a newer archive version than version ' || st.number
       || ', which was aligned'
       || CASE WHEN (SELECT q.id FROM product_members m
              JOIN products q ON q.id = m.product_id AND q.kind IN ('drz', 'drc')
              JOIN product_versions qn ON qn.product_id = q.id
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND (own.flavour = q.flavour OR q.flavour IN ('user', 'skydb'))
              JOIN product_versions n ON n.product_id = own.id
             WHERE m.rootname = e.rootname
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = qn.product_id
                              AND l.place > qn.place) AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.place > n.place)
               AND COALESCE(qn.cal_ver, n.cal_ver, '') = COALESCE(n.cal_ver, qn.cal_ver, '')
               AND COALESCE(qn.idctab, n.idctab, '') = COALESCE(n.idctab, qn.idctab, '')
               AND NOT EXISTS (
                   SELECT 1 FROM findings f
                     JOIN activities fa ON fa.id = f.activity_id
                     JOIN activity_used fu ON fu.activity_id = fa.id
                     JOIN product_versions fv ON fv.id = fu.version_id
                    WHERE f.kind = 'not-moved' AND f.subject = e.rootname
                      AND fv.product_id = q.id AND fv.delivery = qn.delivery
                      AND f.noticed_at > n.recorded_at)
             ORDER BY CASE q.flavour WHEN 'pipeline' THEN 1 WHEN 'svm' THEN 2 WHEN 'mvm' THEN 3
                      WHEN 'skydb' THEN 4 ELSE 5 END,
                      CASE WHEN q.filename LIKE 'hst%total%' THEN 1 ELSE 0 END,
                      CASE WHEN q.flavour = 'skydb' THEN (
                           SELECT COUNT(*) FROM product_members qm WHERE qm.product_id = q.id)
                      ELSE 0 END DESC, q.id DESC LIMIT 1) IS NULL
          THEN '; no drizzled product of that archive version is recorded: fetch or make it (`skydb drizzle --visit '
               || v.program || v.number || '`) and fit it, or fit the exposures (`skydb align run --what exposures`).'
          ELSE '.' END AS reason,
       e.rootname AS rootname,
       (SELECT fq.filename FROM products fq WHERE fq.id = (SELECT q.id FROM product_members m
              JOIN products q ON q.id = m.product_id AND q.kind IN ('drz', 'drc')
              JOIN product_versions qn ON qn.product_id = q.id
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND (own.flavour = q.flavour OR q.flavour IN ('user', 'skydb'))
              JOIN product_versions n ON n.product_id = own.id
             WHERE m.rootname = e.rootname
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = qn.product_id
                              AND l.place > qn.place) AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.place > n.place)
               AND COALESCE(qn.cal_ver, n.cal_ver, '') = COALESCE(n.cal_ver, qn.cal_ver, '')
               AND COALESCE(qn.idctab, n.idctab, '') = COALESCE(n.idctab, qn.idctab, '')
               AND NOT EXISTS (
                   SELECT 1 FROM findings f
                     JOIN activities fa ON fa.id = f.activity_id
                     JOIN activity_used fu ON fu.activity_id = fa.id
                     JOIN product_versions fv ON fv.id = fu.version_id
                    WHERE f.kind = 'not-moved' AND f.subject = e.rootname
                      AND fv.product_id = q.id AND fv.delivery = qn.delivery
                      AND f.noticed_at > n.recorded_at)
             ORDER BY CASE q.flavour WHEN 'pipeline' THEN 1 WHEN 'svm' THEN 2 WHEN 'mvm' THEN 3
                      WHEN 'skydb' THEN 4 ELSE 5 END,
                      CASE WHEN q.filename LIKE 'hst%total%' THEN 1 ELSE 0 END,
                      CASE WHEN q.flavour = 'skydb' THEN (
                           SELECT COUNT(*) FROM product_members qm WHERE qm.product_id = q.id)
                      ELSE 0 END DESC, q.id DESC LIMIT 1)) AS product,
       CAST(NULL AS BIGINT) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       p.id AS product_id,
       (SELECT q.id FROM product_members m
              JOIN products q ON q.id = m.product_id AND q.kind IN ('drz', 'drc')
              JOIN product_versions qn ON qn.product_id = q.id
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND (own.flavour = q.flavour OR q.flavour IN ('user', 'skydb'))
              JOIN product_versions n ON n.product_id = own.id
             WHERE m.rootname = e.rootname
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = qn.product_id
                              AND l.place > qn.place) AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.place > n.place)
               AND COALESCE(qn.cal_ver, n.cal_ver, '') = COALESCE(n.cal_ver, qn.cal_ver, '')
               AND COALESCE(qn.idctab, n.idctab, '') = COALESCE(n.idctab, qn.idctab, '')
               AND NOT EXISTS (
                   SELECT 1 FROM findings f
                     JOIN activities fa ON fa.id = f.activity_id
                     JOIN activity_used fu ON fu.activity_id = fa.id
                     JOIN product_versions fv ON fv.id = fu.version_id
                    WHERE f.kind = 'not-moved' AND f.subject = e.rootname
                      AND fv.product_id = q.id AND fv.delivery = qn.delivery
                      AND f.noticed_at > n.recorded_at)
             ORDER BY CASE q.flavour WHEN 'pipeline' THEN 1 WHEN 'svm' THEN 2 WHEN 'mvm' THEN 3
                      WHEN 'skydb' THEN 4 ELSE 5 END,
                      CASE WHEN q.filename LIKE 'hst%total%' THEN 1 ELSE 0 END,
                      CASE WHEN q.flavour = 'skydb' THEN (
                           SELECT COUNT(*) FROM product_members qm WHERE qm.product_id = q.id)
                      ELSE 0 END DESC, q.id DESC LIMIT 1) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN products p ON p.exposure_id = e.id
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
  JOIN product_versions n ON n.product_id = p.id AND n.delivery > st.delivery
   AND n.derived_from_id IS NULL
 WHERE s.status = 'applied' AND NOT EXISTS (
                       SELECT 1 FROM alignment_solutions l
                        WHERE l.product_id = s.product_id AND l.status = 'applied'
                          AND l.id > s.id AND l.version_id IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.delivery > n.delivery)
   AND NOT EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
            WHERE p.exposure_id = e.id AND p.kind <> 'hlet' AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND s.version_id IS NOT NULL
              AND (s.origin IN ('tweakreg', 'tweakback') OR EXISTS (
                       SELECT 1 FROM alignment_solutions src
                        WHERE src.id = s.source_id AND src.origin IN ('tweakreg', 'tweakback')))
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = st.product_id
                              AND l.delivery > st.delivery)
              AND (p.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products c
                    WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = p.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = c.id)))) AND NOT (EXISTS (
           SELECT 1 FROM product_members wm
             JOIN alignment_solutions w ON w.product_id = wm.product_id
             JOIN product_versions wv ON wv.id = w.version_id
            WHERE wm.rootname = e.rootname AND w.status = 'proposed'
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = wv.product_id
                              AND l.delivery > wv.delivery) AND EXISTS (
           SELECT 1 FROM products dp
             JOIN products op ON op.exposure_id = e.id AND op.kind <> 'hlet'
              AND (op.flavour = dp.flavour OR dp.flavour IN ('user', 'skydb'))
             JOIN product_versions ov ON ov.product_id = op.id
            WHERE dp.id = wv.product_id AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = ov.product_id
                              AND l.place > ov.place)
              AND COALESCE(wv.cal_ver, ov.cal_ver, '') = COALESCE(ov.cal_ver, wv.cal_ver, '')
              AND COALESCE(wv.idctab, ov.idctab, '') = COALESCE(ov.idctab, wv.idctab, '')))
       OR EXISTS (
           SELECT 1 FROM products wp
             JOIN alignment_solutions w ON w.product_id = wp.id
             JOIN product_versions wv ON wv.id = w.version_id
            WHERE wp.exposure_id = e.id AND w.status = 'proposed'
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = wv.product_id
                              AND l.delivery > wv.delivery) AND (w.group_name IS NULL OR NOT EXISTS (
           SELECT 1 FROM alignment_solutions g
             JOIN product_versions gv ON gv.id = g.version_id
            WHERE g.activity_id = w.activity_id AND g.group_name = w.group_name
              AND NOT (NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = gv.product_id
                              AND l.delivery > gv.delivery))))
              AND (wp.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products wc
                    WHERE wc.exposure_id = e.id AND wc.kind = 'flc' AND wc.flavour = wp.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = wc.id)))))
UNION ALL
SELECT 'alignment-outdated' AS rule,
       (SELECT MAX(dv.recorded_at) FROM product_members dm
              JOIN products dq ON dq.id = dm.product_id AND dq.kind IN ('drz', 'drc')
               AND dq.flavour IN ('pipeline', 'svm')
              JOIN product_versions dv ON dv.product_id = dq.id AND dv.derived_from_id IS NULL
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND own.flavour = dq.flavour
              JOIN product_versions n ON n.product_id = own.id AND n.derived_from_id IS NULL
             WHERE dm.rootname = e.rootname AND dv.cal_ver <> n.cal_ver
               AND dv.date_written > n.date_written
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.delivery > n.delivery)
               AND EXISTS (SELECT 1 FROM alignment_solutions da
                            WHERE da.product_id = own.id AND da.status = 'applied'
                              AND da.superseded_by_id IS NULL AND da.version_id IS NOT NULL)
               AND (own.kind = 'flc' OR NOT EXISTS (
                    SELECT 1 FROM products c
                     WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = own.flavour))) AS since,
       e.rootname AS subject,
       'The archive has a newer version of it than the one that was aligned: '
       || (SELECT MAX(dq.filename) FROM product_members dm
              JOIN products dq ON dq.id = dm.product_id AND dq.kind IN ('drz', 'drc')
               AND dq.flavour IN ('pipeline', 'svm')
              JOIN product_versions dv ON dv.product_id = dq.id AND dv.derived_from_id IS NULL
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND own.flavour = dq.flavour
              JOIN product_versions n ON n.product_id = own.id AND n.derived_from_id IS NULL
             WHERE dm.rootname = e.rootname AND dv.cal_ver <> n.cal_ver
               AND dv.date_written > n.date_written
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.delivery > n.delivery)
               AND EXISTS (SELECT 1 FROM alignment_solutions da
                            WHERE da.product_id = own.id AND da.status = 'applied'
                              AND da.superseded_by_id IS NULL AND da.version_id IS NOT NULL)
               AND (own.kind = 'flc' OR NOT EXISTS (
                    SELECT 1 FROM products c
                     WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = own.flavour))) || ' was made of that.' AS reason,
       e.rootname AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       CAST(NULL AS BIGINT) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
 WHERE (SELECT MAX(dv.id) FROM product_members dm
              JOIN products dq ON dq.id = dm.product_id AND dq.kind IN ('drz', 'drc')
               AND dq.flavour IN ('pipeline', 'svm')
              JOIN product_versions dv ON dv.product_id = dq.id AND dv.derived_from_id IS NULL
              JOIN products own ON own.exposure_id = e.id AND own.kind <> 'hlet'
               AND own.flavour = dq.flavour
              JOIN product_versions n ON n.product_id = own.id AND n.derived_from_id IS NULL
             WHERE dm.rootname = e.rootname AND dv.cal_ver <> n.cal_ver
               AND dv.date_written > n.date_written
               AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = n.product_id
                              AND l.delivery > n.delivery)
               AND EXISTS (SELECT 1 FROM alignment_solutions da
                            WHERE da.product_id = own.id AND da.status = 'applied'
                              AND da.superseded_by_id IS NULL AND da.version_id IS NOT NULL)
               AND (own.kind = 'flc' OR NOT EXISTS (
                    SELECT 1 FROM products c
                     WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = own.flavour))) IS NOT NULL AND EXISTS (
           SELECT 1 FROM products p
                     JOIN alignment_solutions s ON s.product_id = p.id
                     JOIN product_versions st
                       ON st.id = COALESCE(s.applied_version_id, s.version_id)
            WHERE p.exposure_id = e.id AND p.kind <> 'hlet' AND s.status = 'applied'
              AND s.superseded_by_id IS NULL AND s.version_id IS NOT NULL
              AND (s.origin IN ('tweakreg', 'tweakback') OR EXISTS (
                       SELECT 1 FROM alignment_solutions src
                        WHERE src.id = s.source_id AND src.origin IN ('tweakreg', 'tweakback')))
              AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = st.product_id
                              AND l.delivery > st.delivery)
              AND (p.kind <> 'flt' OR NOT EXISTS (
                   SELECT 1 FROM products c
                    WHERE c.exposure_id = e.id AND c.kind = 'flc' AND c.flavour = p.flavour
                      AND EXISTS (SELECT 1 FROM product_versions cv WHERE cv.product_id = c.id))))
UNION ALL
SELECT 'sky-outdated' AS rule,
       (SELECT MAX(n.recorded_at) FROM products q JOIN product_versions n
           ON n.product_id = q.id WHERE q.exposure_id = e.id) AS since,
       e.rootname AS subject,
       'The sky by ' || REPLACE(RTRIM(MAX(CASE WHEN r.effective_method = 'localmin' THEN 'localmin,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'match' THEN 'match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN 'globalmin+match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin' THEN 'globalmin,' ELSE '' END), ','), ',', ', ') || ' is of version '
       || MIN(pv.number) || '; there is a newer one.' AS reason,
       e.rootname AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       MAX(r.id) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       RTRIM(MAX(CASE WHEN r.effective_method = 'localmin' THEN 'localmin,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'match' THEN 'match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN 'globalmin+match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin' THEN 'globalmin,' ELSE '' END), ',') AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN sky_values sv ON sv.exposure_id = e.id
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
 WHERE a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
           AND r.effective_method IS NOT NULL AND EXISTS (SELECT 1 FROM product_versions n
                        WHERE n.product_id = pv.product_id AND n.place > pv.place) AND NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL AND o.run_id > sv.run_id
                  AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
                  AND b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL)
   AND r.effective_method NOT IN ('user', 'none')
 GROUP BY v.id, v.proposal_id, v.program, v.number, e.id, e.rootname, e.target_name, e.detector,
          e.filters, e.asn_id
UNION ALL
SELECT 'environment-failed' AS rule,
       MAX(env.checked_at) AS since,
       v.program || v.number AS subject,
       'The sky by ' || REPLACE(RTRIM(MAX(CASE WHEN r.effective_method = 'localmin' THEN 'localmin,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'match' THEN 'match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN 'globalmin+match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin' THEN 'globalmin,' ELSE '' END), ','), ',', ', ') || ' of '
       || COUNT(DISTINCT e.id) || ' of its ' || COALESCE(e.detector || ' ', '')
       || COALESCE(e.filters || ' ', '') || 'exposures comes from an environment that '
       || 'the self-test has failed.' AS reason,
       CAST(NULL AS VARCHAR) AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       MAX(r.id) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       MAX(e.target_name) AS target,
       e.detector AS detector,
       e.filters AS filter,
       RTRIM(MAX(CASE WHEN r.effective_method = 'localmin' THEN 'localmin,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'match' THEN 'match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN 'globalmin+match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin' THEN 'globalmin,' ELSE '' END), ',') AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       CAST(NULL AS VARCHAR) AS observation,
       v.id AS visit_id,
       CAST(NULL AS BIGINT) AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN sky_values sv ON sv.exposure_id = e.id
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
 WHERE env.verdict = 'failed' AND a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
           AND r.effective_method IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL AND o.run_id > sv.run_id
                  AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
                  AND b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL)
   AND a.imported_by_id IS NULL
 GROUP BY v.id, v.proposal_id, v.program, v.number, e.detector, e.filters
UNION ALL
SELECT 'environment-unchecked' AS rule,
       MAX(a.started_at) AS since,
       v.program || v.number AS subject,
       'The sky by ' || REPLACE(RTRIM(MAX(CASE WHEN r.effective_method = 'localmin' THEN 'localmin,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'match' THEN 'match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN 'globalmin+match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin' THEN 'globalmin,' ELSE '' END), ','), ',', ', ') || ' of '
       || COUNT(DISTINCT e.id) || ' of its ' || COALESCE(e.detector || ' ', '')
       || COALESCE(e.filters || ' ', '') || 'exposures comes from an environment that '
       || 'was not checked.' AS reason,
       CAST(NULL AS VARCHAR) AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       MAX(r.id) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       MAX(e.target_name) AS target,
       e.detector AS detector,
       e.filters AS filter,
       RTRIM(MAX(CASE WHEN r.effective_method = 'localmin' THEN 'localmin,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'match' THEN 'match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin+match' THEN 'globalmin+match,' ELSE '' END)
             || MAX(CASE WHEN r.effective_method = 'globalmin' THEN 'globalmin,' ELSE '' END), ',') AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       CAST(NULL AS VARCHAR) AS observation,
       v.id AS visit_id,
       CAST(NULL AS BIGINT) AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN sky_values sv ON sv.exposure_id = e.id
          JOIN sky_runs r ON r.id = sv.run_id
          JOIN activities a ON a.id = r.id
          LEFT JOIN product_versions pv ON pv.id = sv.version_id
          LEFT JOIN environments env ON env.id = a.environment_id
 WHERE env.verdict = 'unchecked' AND a.status = 'succeeded' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
           AND r.effective_method IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sky_values c
                            WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                              AND c.extver < sv.extver)
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL AND o.run_id > sv.run_id
                  AND (b.imported_by_id IS NULL OR a.imported_by_id IS NOT NULL))
           AND NOT EXISTS (
               SELECT 1 FROM sky_values o
                 JOIN sky_runs q ON q.id = o.run_id
                 JOIN activities b ON b.id = q.id
                WHERE o.exposure_id = sv.exposure_id AND q.effective_method = r.effective_method
                  AND b.status = 'succeeded' AND b.deleted_at IS NULL AND q.replay_of_id IS NULL
                  AND b.imported_by_id IS NULL AND a.imported_by_id IS NOT NULL)
   AND a.imported_by_id IS NULL
 GROUP BY v.id, v.proposal_id, v.program, v.number, e.detector, e.filters
UNION ALL
SELECT 'environment-failed' AS rule,
       MAX(env.checked_at) AS since,
       v.program || v.number AS subject,
       'The alignment of ' || COUNT(DISTINCT e.id) || ' of its exposures comes from an '
       || 'environment that the self-test has failed.' AS reason,
       CAST(NULL AS VARCHAR) AS rootname,
       (SELECT MIN(q.filename) FROM products q
           WHERE q.visit_id = v.id AND q.kind IN ('drz', 'drc')) AS product,
       MAX(s.activity_id) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       CAST(NULL AS VARCHAR) AS target,
       CAST(NULL AS VARCHAR) AS detector,
       CAST(NULL AS VARCHAR) AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       CAST(NULL AS VARCHAR) AS observation,
       v.id AS visit_id,
       CAST(NULL AS BIGINT) AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       (SELECT MIN(q.id) FROM products q
           WHERE q.visit_id = v.id AND q.kind IN ('drz', 'drc') AND q.filename = (SELECT MIN(q.filename) FROM products q
           WHERE q.visit_id = v.id AND q.kind IN ('drz', 'drc'))) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN products p ON p.exposure_id = e.id
  JOIN alignment_solutions s ON s.product_id = p.id
  JOIN activities a ON a.id = s.activity_id
  JOIN environments env ON env.id = a.environment_id
 WHERE s.status = 'applied' AND s.superseded_by_id IS NULL AND env.verdict = 'failed'
 GROUP BY v.id, v.proposal_id, v.program, v.number, e.detector, e.filters
UNION ALL
SELECT 'catalogue-superseded' AS rule,
       COALESCE((SELECT MAX(b.made_at) FROM book_entries b
                  WHERE b.activity_id = c.activity_id AND b.label = 'superseded'),
                successor.obtained_at) AS since,
       e.rootname AS subject,
       'It is aligned to ' || c.name || ', which was superseded by ' || successor.name || '.' AS reason,
       e.rootname AS rootname,
       COALESCE(fitted.filename, p.filename) AS product,
       CAST(NULL AS BIGINT) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       CAST(NULL AS VARCHAR) AS method,
       successor.name AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       p.id AS product_id,
       COALESCE(fitted.id, p.id) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN products p ON p.exposure_id = e.id
  JOIN alignment_solutions s ON s.product_id = p.id
  JOIN reference_catalogs c ON c.id = s.catalog_id AND c.superseded_by_id IS NOT NULL
  JOIN successors h ON h.catalog_id = c.id
  JOIN reference_catalogs successor ON successor.id = h.successor_id AND successor.superseded_by_id IS NULL
  LEFT JOIN alignment_solutions source ON source.id = s.source_id
  LEFT JOIN products fitted ON fitted.id = source.product_id
 WHERE s.status = 'applied' AND s.superseded_by_id IS NULL
UNION ALL
SELECT 'idctab-superseded' AS rule,
       i.recorded_at AS since,
       e.rootname AS subject,
       'It has IDCTAB ' || pv.idctab || '; other files of ' || i.detector || ' have the newer '
       || i.idctab || '.' AS reason,
       e.rootname AS rootname,
       p.filename AS product,
       CAST(NULL AS BIGINT) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       p.id AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN products p ON p.exposure_id = e.id AND p.kind <> 'hlet'
  JOIN product_versions pv ON pv.product_id = p.id
  JOIN idctabs mine ON mine.idctab = pv.idctab
  JOIN idctabs i ON i.detector = e.instrument || '/' || e.detector
   AND i.idctab <> pv.idctab AND i.made_on > mine.made_on
 WHERE NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = pv.product_id
                              AND l.place > pv.place)
   AND NOT EXISTS (SELECT 1 FROM idctabs j
                    WHERE j.detector = i.detector AND j.made_on > i.made_on)
   AND NOT EXISTS (SELECT 1 FROM products o JOIN product_versions ov ON ov.product_id = o.id
                    WHERE o.exposure_id = e.id AND o.kind = p.kind AND ov.idctab = i.idctab
                      AND NOT EXISTS (SELECT 1 FROM product_versions l
                            WHERE l.product_id = ov.product_id
                              AND l.place > ov.place))
UNION ALL
SELECT 'bad-delivery' AS rule,
       pv.recorded_at AS since,
       COALESCE(e.rootname, p.filename) AS subject,
       'Version ' || pv.number || CASE WHEN SUBSTR(pv.date_written, 1, 10) BETWEEN w.began_on AND w.ended_on
            THEN ' was written on ' || SUBSTR(pv.date_written, 1, 10)
            ELSE ' was fetched in those days' END
       || ' (' || w.name || '): ' || w.what AS reason,
       e.rootname AS rootname,
       p.filename AS product,
       CAST(NULL AS BIGINT) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(COALESCE(NULLIF(e.asn_id, 'NONE'), e.rootname, SUBSTR(p.filename, 1, 9))) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       p.id AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM products p
  JOIN visits v ON v.id = p.visit_id
  JOIN product_versions pv ON pv.product_id = p.id
  JOIN bad_deliveries w ON SUBSTR(pv.date_written, 1, 10) BETWEEN w.began_on AND w.ended_on OR EXISTS (
           SELECT 1 FROM downloads d
            WHERE d.version_id = pv.id AND d.status = 'complete'
              AND SUBSTR(d.started_at, 1, 10) BETWEEN w.began_on AND w.ended_on)
  LEFT JOIN exposures e ON e.id = p.exposure_id
 WHERE EXISTS (SELECT 1 FROM activity_generated g
                WHERE g.version_id = pv.id AND g.role = 'ingested')
   AND NOT EXISTS (SELECT 1 FROM product_versions l
                     JOIN activity_generated g ON g.version_id = l.id
                    WHERE l.product_id = pv.product_id AND l.delivery > pv.delivery
                      AND g.role = 'ingested')
UNION ALL
SELECT 'never-matched' AS rule,
       (SELECT MIN(n.recorded_at) FROM products q
           JOIN product_versions n ON n.product_id = q.id WHERE q.exposure_id = e.id) AS since,
       e.rootname AS subject,
       CASE WHEN EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND sv.mdrizsky IS NULL AND a.status = 'succeeded'
                      AND r.effective_method IN ('match', 'globalmin+match'))
            THEN 'It has no sky by match: a run found no other exposure that shares sky with it.'
                 || ' Where none will come, `skydb books ignore` takes this off the list.'
            ELSE 'It has no sky by match.' END AS reason,
       e.rootname AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       CAST(NULL AS BIGINT) AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       'match' AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
 WHERE e.known_from = 'header' AND NOT EXISTS (
                   SELECT 1 FROM sky_values sv JOIN sky_runs r ON r.id = sv.run_id
                     JOIN activities a ON a.id = r.id AND a.deleted_at IS NULL
                    WHERE sv.exposure_id = e.id AND sv.mdrizsky IS NOT NULL
                      AND r.effective_method IN ('match', 'globalmin+match'))
UNION ALL
SELECT 'downgraded' AS rule,
       a.started_at AS since,
       e.rootname AS subject,
       'run:' || r.id || ' was to do ' || r.requested_method || ' and did '
       || r.effective_method || '; nothing has repeated it.' AS reason,
       e.rootname AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       r.id AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       r.requested_method AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN sky_values sv ON sv.exposure_id = e.id
  JOIN sky_runs r ON r.id = sv.run_id
  JOIN activities a ON a.id = r.id
 WHERE r.downgraded AND a.status = 'succeeded' AND a.deleted_at IS NULL
   AND r.replay_of_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM sky_values c
                    WHERE c.run_id = sv.run_id AND c.exposure_id = sv.exposure_id
                      AND c.extver < sv.extver)
   AND NOT EXISTS (
       SELECT 1 FROM sky_values o
         JOIN sky_runs q ON q.id = o.run_id
         JOIN activities b ON b.id = q.id
        WHERE o.exposure_id = sv.exposure_id AND b.status = 'succeeded'
          AND b.deleted_at IS NULL AND b.imported_by_id IS NULL
          AND q.replay_of_id IS NULL
          AND (o.run_id > sv.run_id OR a.imported_by_id IS NOT NULL)
          AND q.requested_method = r.requested_method)
UNION ALL
SELECT 'interrupted' AS rule,
       a.started_at AS since,
       e.rootname AS subject,
       'run:' || r.id || ' was interrupted before it was done; nothing has repeated it.' AS reason,
       e.rootname AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       r.id AS run_id,
       v.proposal_id AS proposal_id,
       v.program AS program,
       v.number AS visit,
       CAST(v.program || v.number AS VARCHAR) AS visit_label,
       e.target_name AS target,
       e.detector AS detector,
       e.filters AS filter,
       r.requested_method AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       LOWER(CASE WHEN e.asn_id IS NULL OR e.asn_id = 'NONE'
            THEN e.rootname ELSE e.asn_id END) AS observation,
       v.id AS visit_id,
       e.id AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM exposures e JOIN visits v ON v.id = e.visit_id
  JOIN products up ON up.exposure_id = e.id
  JOIN product_versions uv ON uv.product_id = up.id
  JOIN activity_used u ON u.version_id = uv.id
  JOIN sky_runs r ON r.id = u.activity_id
  JOIN activities a ON a.id = r.id
 WHERE a.status = 'interrupted' AND a.deleted_at IS NULL AND r.replay_of_id IS NULL
   AND NOT EXISTS (
       SELECT 1 FROM sky_runs q
         JOIN activities b ON b.id = q.id
        WHERE q.recipe_hash = r.recipe_hash AND q.id > r.id
          AND b.status IN ('succeeded', 'interrupted', 'running') AND b.deleted_at IS NULL)
UNION ALL
SELECT 'left-running' AS rule,
       a.started_at AS since,
       'run:' || a.id AS subject,
       'This ' || a.kind || ' of ' || a.agent || ' has not ended for hours.' AS reason,
       CAST(NULL AS VARCHAR) AS rootname,
       CAST(NULL AS VARCHAR) AS product,
       a.id AS run_id,
       CAST(NULL AS INTEGER) AS proposal_id,
       CAST(NULL AS VARCHAR) AS program,
       CAST(NULL AS VARCHAR) AS visit,
       CAST(NULL AS VARCHAR) AS visit_label,
       CAST(NULL AS VARCHAR) AS target,
       CAST(NULL AS VARCHAR) AS detector,
       CAST(NULL AS VARCHAR) AS filter,
       CAST(NULL AS VARCHAR) AS method,
       CAST(NULL AS VARCHAR) AS refcat,
       CAST(NULL AS VARCHAR) AS observation,
       CAST(NULL AS BIGINT) AS visit_id,
       CAST(NULL AS BIGINT) AS exposure_id,
       CAST(NULL AS BIGINT) AS product_id,
       CAST(NULL AS BIGINT) AS fitted_id
  FROM activities a
 WHERE a.status = 'running' AND a.started_at < DATETIME('now', '-6 hours')
  ) d
 WHERE NOT EXISTS (
       SELECT 1 FROM book_entries b
        WHERE b.exposure_id = d.exposure_id AND b.withdrawn_at IS NULL
          AND b.label || '' = 'ignore:' || d.rule)
   AND NOT EXISTS (
       SELECT 1 FROM book_entries b
        WHERE b.visit_id = d.visit_id AND b.withdrawn_at IS NULL
          AND b.label || '' = 'ignore:' || d.rule)
   AND NOT EXISTS (
       SELECT 1 FROM book_entries b
        WHERE b.product_id = d.product_id AND b.withdrawn_at IS NULL
          AND b.label || '' = 'ignore:' || d.rule)
   AND NOT EXISTS (
       SELECT 1 FROM book_entries b
        WHERE b.activity_id = d.run_id AND b.withdrawn_at IS NULL
          AND b.label || '' = 'ignore:' || d.rule);
CREATE VIEW v_alignment_current AS
SELECT h.*
  FROM v_alignment_history h
 WHERE h.superseded_by IS NULL AND h.version IS NOT NULL
   AND (h.status = 'applied' OR (h.status = 'recorded' AND h.wcs_key = ' '));
CREATE VIEW v_program_status AS
SELECT s.program, MAX(s.proposal_id) AS proposal_id, COUNT(*) AS visits,
       CAST(SUM(s.exposures) AS BIGINT) AS exposures,
       CAST(SUM(s.downloaded) AS BIGINT) AS downloaded,
       CAST(SUM(s.aligned) AS BIGINT) AS aligned,
       CAST(SUM(s.matched) AS BIGINT) AS matched,
       CAST(SUM(s.downgraded) AS BIGINT) AS downgraded,
       CAST(SUM(s.flagged) AS BIGINT) AS flagged,
       CAST(SUM(s.stale) AS BIGINT) AS stale,
       CAST(SUM(s.logged) AS BIGINT) AS logged,
       CAST(SUM(s.flags) AS BIGINT) AS flags,
       MAX(s.last_activity_at) AS last_activity_at
  FROM v_visit_status s
 GROUP BY s.program;
COMMIT;
