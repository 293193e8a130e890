-- Tables as declared; one statement a blank-line block.

CREATE TABLE jishi.certificate (
	uid UUID NOT NULL, 
	cert_identifier TEXT, 
	cert_name TEXT, 
	cert_type_name TEXT, 
	cert_type_code TEXT, 
	define_org_name TEXT, 
	define_org_code TEXT, 
	cert_no TEXT, 
	issuer_name TEXT, 
	issuer_code TEXT, 
	issuer_level TEXT, 
	issue_date DATE, 
	first_issue_date DATE, 
	holder_name TEXT, 
	holder_code TEXT, 
	holder_code_type TEXT, 
	holder2_name TEXT, 
	holder2_code TEXT, 
	holder2_code_type TEXT, 
	valid_from DATE, 
	valid_to DATE, 
	valid_range TEXT, 
	area_code TEXT, 
	seal_signer TEXT, 
	sealed_on DATE, 
	seal_name TEXT, 
	related_item_name TEXT, 
	related_item_code TEXT, 
	associated_cert_identifier TEXT, 
	cert_status TEXT, 
	cert_status_text TEXT, 
	operate_type TEXT, 
	annotated_copies JSONB, 
	file_format TEXT, 
	file_ref TEXT, 
	file_digest TEXT, 
	face_fields JSONB, 
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	state TEXT NOT NULL, 
	in_version BOOLEAN NOT NULL, 
	batch_id BIGINT NOT NULL, 
	CONSTRAINT certificate_pkey PRIMARY KEY (uid)
);

COMMENT ON TABLE jishi.certificate IS '电子证照';

COMMENT ON COLUMN jishi.certificate.cert_identifier IS '电子证照标识';

COMMENT ON COLUMN jishi.certificate.cert_name IS '证照名称';

COMMENT ON COLUMN jishi.certificate.cert_type_name IS '证照类型名称';

COMMENT ON COLUMN jishi.certificate.cert_type_code IS '证照类型代码';

COMMENT ON COLUMN jishi.certificate.define_org_name IS '证照定义机构';

COMMENT ON COLUMN jishi.certificate.define_org_code IS '证照定义机构代码';

COMMENT ON COLUMN jishi.certificate.cert_no IS '证照编号';

COMMENT ON COLUMN jishi.certificate.issuer_name IS '证照颁发机构';

COMMENT ON COLUMN jishi.certificate.issuer_code IS '证照颁发机构代码';

COMMENT ON COLUMN jishi.certificate.issuer_level IS '证照颁发机构级别';

COMMENT ON COLUMN jishi.certificate.issue_date IS '证照颁发日期';

COMMENT ON COLUMN jishi.certificate.first_issue_date IS '初领日期';

COMMENT ON COLUMN jishi.certificate.holder_name IS '持证主体';

COMMENT ON COLUMN jishi.certificate.holder_code IS '持证主体代码';

COMMENT ON COLUMN jishi.certificate.holder_code_type IS '持证主体代码类型代码';

COMMENT ON COLUMN jishi.certificate.holder2_name IS '第二持证主体';

COMMENT ON COLUMN jishi.certificate.holder2_code IS '第二持证主体代码';

COMMENT ON COLUMN jishi.certificate.holder2_code_type IS '第二持证主体代码类型代码';

COMMENT ON COLUMN jishi.certificate.valid_from IS '证照有效期起始日期';

COMMENT ON COLUMN jishi.certificate.valid_to IS '证照有效期截止日期';

COMMENT ON COLUMN jishi.certificate.valid_range IS '证照有效期限范围';

COMMENT ON COLUMN jishi.certificate.area_code IS '证照所属地区编码';

COMMENT ON COLUMN jishi.certificate.seal_signer IS '签章人';

COMMENT ON COLUMN jishi.certificate.sealed_on IS '签章时间';

COMMENT ON COLUMN jishi.certificate.seal_name IS '签章名称';

COMMENT ON COLUMN jishi.certificate.related_item_name IS '关联事项名称';

COMMENT ON COLUMN jishi.certificate.related_item_code IS '关联事项代码';

COMMENT ON COLUMN jishi.certificate.associated_cert_identifier IS '关联证照标识';

COMMENT ON COLUMN jishi.certificate.cert_status IS '证照状态';

COMMENT ON COLUMN jishi.certificate.cert_status_text IS '证照状态说明';

COMMENT ON COLUMN jishi.certificate.operate_type IS '操作类型';

COMMENT ON COLUMN jishi.certificate.annotated_copies IS '加注件';

COMMENT ON COLUMN jishi.certificate.file_format IS '文件格式';

COMMENT ON COLUMN jishi.certificate.file_ref IS '文件引用';

COMMENT ON COLUMN jishi.certificate.file_digest IS '文件摘要';

COMMENT ON COLUMN jishi.certificate.face_fields IS '照面信息';

COMMENT ON COLUMN jishi.certificate.state IS 'active or ended';

COMMENT ON COLUMN jishi.certificate.in_version IS 'this row also stands in the version table';

CREATE TABLE jishi.certificate_contribution (
	contribution_id BIGINT NOT NULL, 
	cert_identifier TEXT, 
	cert_name TEXT, 
	cert_type_name TEXT, 
	cert_type_code TEXT, 
	define_org_name TEXT, 
	define_org_code TEXT, 
	cert_no TEXT, 
	issuer_name TEXT, 
	issuer_code TEXT, 
	issuer_level TEXT, 
	issue_date DATE, 
	first_issue_date DATE, 
	holder_name TEXT, 
	holder_code TEXT, 
	holder_code_type TEXT, 
	holder2_name TEXT, 
	holder2_code TEXT, 
	holder2_code_type TEXT, 
	valid_from DATE, 
	valid_to DATE, 
	valid_range TEXT, 
	area_code TEXT, 
	seal_signer TEXT, 
	sealed_on DATE, 
	seal_name TEXT, 
	related_item_name TEXT, 
	related_item_code TEXT, 
	associated_cert_identifier TEXT, 
	cert_status TEXT, 
	cert_status_text TEXT, 
	operate_type TEXT, 
	annotated_copies JSONB, 
	file_format TEXT, 
	file_ref TEXT, 
	file_digest TEXT, 
	face_fields JSONB, 
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ended BOOLEAN NOT NULL, 
	batch_id BIGINT NOT NULL, 
	row_number BIGINT NOT NULL, 
	CONSTRAINT certificate_contribution_pkey PRIMARY KEY (contribution_id, effective_from, recorded_at)
)
 PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE jishi.certificate_contribution IS '电子证照 contributions';

COMMENT ON COLUMN jishi.certificate_contribution.cert_identifier IS '电子证照标识';

COMMENT ON COLUMN jishi.certificate_contribution.cert_name IS '证照名称';

COMMENT ON COLUMN jishi.certificate_contribution.cert_type_name IS '证照类型名称';

COMMENT ON COLUMN jishi.certificate_contribution.cert_type_code IS '证照类型代码';

COMMENT ON COLUMN jishi.certificate_contribution.define_org_name IS '证照定义机构';

COMMENT ON COLUMN jishi.certificate_contribution.define_org_code IS '证照定义机构代码';

COMMENT ON COLUMN jishi.certificate_contribution.cert_no IS '证照编号';

COMMENT ON COLUMN jishi.certificate_contribution.issuer_name IS '证照颁发机构';

COMMENT ON COLUMN jishi.certificate_contribution.issuer_code IS '证照颁发机构代码';

COMMENT ON COLUMN jishi.certificate_contribution.issuer_level IS '证照颁发机构级别';

COMMENT ON COLUMN jishi.certificate_contribution.issue_date IS '证照颁发日期';

COMMENT ON COLUMN jishi.certificate_contribution.first_issue_date IS '初领日期';

COMMENT ON COLUMN jishi.certificate_contribution.holder_name IS '持证主体';

COMMENT ON COLUMN jishi.certificate_contribution.holder_code IS '持证主体代码';

COMMENT ON COLUMN jishi.certificate_contribution.holder_code_type IS '持证主体代码类型代码';

COMMENT ON COLUMN jishi.certificate_contribution.holder2_name IS '第二持证主体';

COMMENT ON COLUMN jishi.certificate_contribution.holder2_code IS '第二持证主体代码';

COMMENT ON COLUMN jishi.certificate_contribution.holder2_code_type IS '第二持证主体代码类型代码';

COMMENT ON COLUMN jishi.certificate_contribution.valid_from IS '证照有效期起始日期';

COMMENT ON COLUMN jishi.certificate_contribution.valid_to IS '证照有效期截止日期';

COMMENT ON COLUMN jishi.certificate_contribution.valid_range IS '证照有效期限范围';

COMMENT ON COLUMN jishi.certificate_contribution.area_code IS '证照所属地区编码';

COMMENT ON COLUMN jishi.certificate_contribution.seal_signer IS '签章人';

COMMENT ON COLUMN jishi.certificate_contribution.sealed_on IS '签章时间';

COMMENT ON COLUMN jishi.certificate_contribution.seal_name IS '签章名称';

COMMENT ON COLUMN jishi.certificate_contribution.related_item_name IS '关联事项名称';

COMMENT ON COLUMN jishi.certificate_contribution.related_item_code IS '关联事项代码';

COMMENT ON COLUMN jishi.certificate_contribution.associated_cert_identifier IS '关联证照标识';

COMMENT ON COLUMN jishi.certificate_contribution.cert_status IS '证照状态';

COMMENT ON COLUMN jishi.certificate_contribution.cert_status_text IS '证照状态说明';

COMMENT ON COLUMN jishi.certificate_contribution.operate_type IS '操作类型';

COMMENT ON COLUMN jishi.certificate_contribution.annotated_copies IS '加注件';

COMMENT ON COLUMN jishi.certificate_contribution.file_format IS '文件格式';

COMMENT ON COLUMN jishi.certificate_contribution.file_ref IS '文件引用';

COMMENT ON COLUMN jishi.certificate_contribution.file_digest IS '文件摘要';

COMMENT ON COLUMN jishi.certificate_contribution.face_fields IS '照面信息';

COMMENT ON COLUMN jishi.certificate_contribution.row_number IS 'row of the delivery; 0 = ended by absence';

CREATE TABLE jishi.certificate_contribution_rest PARTITION OF jishi.certificate_contribution DEFAULT;

CREATE TABLE jishi.certificate_link (
	contribution_id BIGINT NOT NULL, 
	source_id SMALLINT NOT NULL, 
	source_key UUID NOT NULL, 
	origin TEXT NOT NULL, 
	rank SMALLINT NOT NULL, 
	scope TEXT NOT NULL, 
	uid UUID NOT NULL, 
	method SMALLINT NOT NULL, 
	digest UUID NOT NULL, 
	raw_tag UUID NOT NULL, 
	ended BOOLEAN NOT NULL, 
	checked INTEGER NOT NULL, 
	warnings TEXT[], 
	CONSTRAINT certificate_link_pkey PRIMARY KEY (contribution_id)
);

COMMENT ON TABLE jishi.certificate_link IS '电子证照 judgements in force';

COMMENT ON COLUMN jishi.certificate_link.source_key IS 'keyed tag of the source''s key columns';

COMMENT ON COLUMN jishi.certificate_link.method IS '1 new entity, 2 strong identifier, 3 model, 4 steward';

COMMENT ON COLUMN jishi.certificate_link.digest IS 'keyed digest of the newest revision''s values';

COMMENT ON COLUMN jishi.certificate_link.raw_tag IS 'keyed hash of its cells as delivered';

COMMENT ON COLUMN jishi.certificate_link.checked IS 'ruleset under which the newest revision was examined';

CREATE UNIQUE INDEX certificate_link_source_key ON jishi.certificate_link (source_id, source_key);

CREATE INDEX certificate_link_uid_idx ON jishi.certificate_link (uid);

CREATE TABLE jishi.certificate_version (
	uid UUID NOT NULL, 
	cert_identifier TEXT, 
	cert_name TEXT, 
	cert_type_name TEXT, 
	cert_type_code TEXT, 
	define_org_name TEXT, 
	define_org_code TEXT, 
	cert_no TEXT, 
	issuer_name TEXT, 
	issuer_code TEXT, 
	issuer_level TEXT, 
	issue_date DATE, 
	first_issue_date DATE, 
	holder_name TEXT, 
	holder_code TEXT, 
	holder_code_type TEXT, 
	holder2_name TEXT, 
	holder2_code TEXT, 
	holder2_code_type TEXT, 
	valid_from DATE, 
	valid_to DATE, 
	valid_range TEXT, 
	area_code TEXT, 
	seal_signer TEXT, 
	sealed_on DATE, 
	seal_name TEXT, 
	related_item_name TEXT, 
	related_item_code TEXT, 
	associated_cert_identifier TEXT, 
	cert_status TEXT, 
	cert_status_text TEXT, 
	operate_type TEXT, 
	annotated_copies JSONB, 
	file_format TEXT, 
	file_ref TEXT, 
	file_digest TEXT, 
	face_fields JSONB, 
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	state TEXT NOT NULL, 
	"into" UUID, 
	batch_id BIGINT NOT NULL, 
	CONSTRAINT certificate_version_pkey PRIMARY KEY (uid, effective_from, recorded_at)
)
 PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE jishi.certificate_version IS '电子证照 versions';

COMMENT ON COLUMN jishi.certificate_version.cert_identifier IS '电子证照标识';

COMMENT ON COLUMN jishi.certificate_version.cert_name IS '证照名称';

COMMENT ON COLUMN jishi.certificate_version.cert_type_name IS '证照类型名称';

COMMENT ON COLUMN jishi.certificate_version.cert_type_code IS '证照类型代码';

COMMENT ON COLUMN jishi.certificate_version.define_org_name IS '证照定义机构';

COMMENT ON COLUMN jishi.certificate_version.define_org_code IS '证照定义机构代码';

COMMENT ON COLUMN jishi.certificate_version.cert_no IS '证照编号';

COMMENT ON COLUMN jishi.certificate_version.issuer_name IS '证照颁发机构';

COMMENT ON COLUMN jishi.certificate_version.issuer_code IS '证照颁发机构代码';

COMMENT ON COLUMN jishi.certificate_version.issuer_level IS '证照颁发机构级别';

COMMENT ON COLUMN jishi.certificate_version.issue_date IS '证照颁发日期';

COMMENT ON COLUMN jishi.certificate_version.first_issue_date IS '初领日期';

COMMENT ON COLUMN jishi.certificate_version.holder_name IS '持证主体';

COMMENT ON COLUMN jishi.certificate_version.holder_code IS '持证主体代码';

COMMENT ON COLUMN jishi.certificate_version.holder_code_type IS '持证主体代码类型代码';

COMMENT ON COLUMN jishi.certificate_version.holder2_name IS '第二持证主体';

COMMENT ON COLUMN jishi.certificate_version.holder2_code IS '第二持证主体代码';

COMMENT ON COLUMN jishi.certificate_version.holder2_code_type IS '第二持证主体代码类型代码';

COMMENT ON COLUMN jishi.certificate_version.valid_from IS '证照有效期起始日期';

COMMENT ON COLUMN jishi.certificate_version.valid_to IS '证照有效期截止日期';

COMMENT ON COLUMN jishi.certificate_version.valid_range IS '证照有效期限范围';

COMMENT ON COLUMN jishi.certificate_version.area_code IS '证照所属地区编码';

COMMENT ON COLUMN jishi.certificate_version.seal_signer IS '签章人';

COMMENT ON COLUMN jishi.certificate_version.sealed_on IS '签章时间';

COMMENT ON COLUMN jishi.certificate_version.seal_name IS '签章名称';

COMMENT ON COLUMN jishi.certificate_version.related_item_name IS '关联事项名称';

COMMENT ON COLUMN jishi.certificate_version.related_item_code IS '关联事项代码';

COMMENT ON COLUMN jishi.certificate_version.associated_cert_identifier IS '关联证照标识';

COMMENT ON COLUMN jishi.certificate_version.cert_status IS '证照状态';

COMMENT ON COLUMN jishi.certificate_version.cert_status_text IS '证照状态说明';

COMMENT ON COLUMN jishi.certificate_version.operate_type IS '操作类型';

COMMENT ON COLUMN jishi.certificate_version.annotated_copies IS '加注件';

COMMENT ON COLUMN jishi.certificate_version.file_format IS '文件格式';

COMMENT ON COLUMN jishi.certificate_version.file_ref IS '文件引用';

COMMENT ON COLUMN jishi.certificate_version.file_digest IS '文件摘要';

COMMENT ON COLUMN jishi.certificate_version.face_fields IS '照面信息';

COMMENT ON COLUMN jishi.certificate_version.state IS 'active, ended or merged';

COMMENT ON COLUMN jishi.certificate_version.into IS 'the surviving uid of a merged entity';

CREATE TABLE jishi.certificate_version_rest PARTITION OF jishi.certificate_version DEFAULT;

CREATE TABLE jishi.credit_record (
	uid UUID NOT NULL, 
	record_class TEXT, 
	decision_document TEXT, 
	counterparty_name TEXT, 
	counterparty_category TEXT, 
	cp_uscc TEXT, 
	cp_reg_no TEXT, 
	cp_org_code TEXT, 
	cp_tax_no TEXT, 
	cp_institution_no TEXT, 
	cp_social_org_no TEXT, 
	cp_id_type TEXT, 
	cp_id_no TEXT, 
	legal_rep_name TEXT, 
	legal_rep_id_type TEXT, 
	legal_rep_id_no TEXT, 
	decision_doc_name TEXT, 
	decision_doc_no TEXT, 
	decided_on DATE, 
	licence_type TEXT, 
	cert_name TEXT, 
	cert_no TEXT, 
	content TEXT, 
	valid_from DATE, 
	valid_to DATE, 
	violation_type TEXT, 
	violation_fact TEXT, 
	legal_basis TEXT, 
	penalty_categories JSONB, 
	fine NUMERIC(20, 2), 
	confiscated NUMERIC(20, 2), 
	licence_suspended TEXT, 
	current_state TEXT, 
	organ_name TEXT, 
	organ_uscc TEXT, 
	source_org TEXT, 
	source_org_uscc TEXT, 
	remark TEXT, 
	list_name TEXT, 
	list_year TEXT, 
	case_no TEXT, 
	legal_basis_doc TEXT, 
	filed_on DATE, 
	region TEXT, 
	publish_from DATE, 
	publicity_until DATE, 
	severity_grade_code TEXT, 
	publish_needed BOOLEAN, 
	publicity_min_until DATE, 
	publicity_max_until DATE, 
	grade_publication_code TEXT, 
	party_publication_code TEXT, 
	repair_apply_id TEXT, 
	duty_done BOOLEAN, 
	commitment_doc TEXT, 
	repair_accepted_on DATE, 
	repair_decided_on DATE, 
	repair_result_code TEXT, 
	repair_decided_by_uscc TEXT, 
	repair_stop_publish_on DATE, 
	withheld_from DATE, 
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	state TEXT NOT NULL, 
	in_version BOOLEAN NOT NULL, 
	batch_id BIGINT NOT NULL, 
	CONSTRAINT credit_record_pkey PRIMARY KEY (uid)
);

COMMENT ON TABLE jishi.credit_record IS '信用';

COMMENT ON COLUMN jishi.credit_record.record_class IS '信用信息类别';

COMMENT ON COLUMN jishi.credit_record.decision_document IS '决定标识';

COMMENT ON COLUMN jishi.credit_record.counterparty_name IS '行政相对人名称';

COMMENT ON COLUMN jishi.credit_record.counterparty_category IS '行政相对人类别';

COMMENT ON COLUMN jishi.credit_record.cp_uscc IS '相对人统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record.cp_reg_no IS '相对人工商注册号';

COMMENT ON COLUMN jishi.credit_record.cp_org_code IS '相对人组织机构代码';

COMMENT ON COLUMN jishi.credit_record.cp_tax_no IS '相对人税务登记号';

COMMENT ON COLUMN jishi.credit_record.cp_institution_no IS '相对人事业单位证书号';

COMMENT ON COLUMN jishi.credit_record.cp_social_org_no IS '相对人社会组织登记证号';

COMMENT ON COLUMN jishi.credit_record.cp_id_type IS '自然人证件类型';

COMMENT ON COLUMN jishi.credit_record.cp_id_no IS '自然人证件号码';

COMMENT ON COLUMN jishi.credit_record.legal_rep_name IS '法定代表人';

COMMENT ON COLUMN jishi.credit_record.legal_rep_id_type IS '法定代表人证件类型';

COMMENT ON COLUMN jishi.credit_record.legal_rep_id_no IS '法定代表人证件号码';

COMMENT ON COLUMN jishi.credit_record.decision_doc_name IS '决定文书名称';

COMMENT ON COLUMN jishi.credit_record.decision_doc_no IS '决定文书号';

COMMENT ON COLUMN jishi.credit_record.decided_on IS '决定日期';

COMMENT ON COLUMN jishi.credit_record.licence_type IS '许可类别';

COMMENT ON COLUMN jishi.credit_record.cert_name IS '许可证书名称';

COMMENT ON COLUMN jishi.credit_record.cert_no IS '许可编号';

COMMENT ON COLUMN jishi.credit_record.content IS '决定内容';

COMMENT ON COLUMN jishi.credit_record.valid_from IS '有效期自';

COMMENT ON COLUMN jishi.credit_record.valid_to IS '有效期至';

COMMENT ON COLUMN jishi.credit_record.violation_type IS '违法行为类型';

COMMENT ON COLUMN jishi.credit_record.violation_fact IS '违法事实';

COMMENT ON COLUMN jishi.credit_record.legal_basis IS '处罚依据';

COMMENT ON COLUMN jishi.credit_record.penalty_categories IS '处罚类别';

COMMENT ON COLUMN jishi.credit_record.fine IS '罚款金额';

COMMENT ON COLUMN jishi.credit_record.confiscated IS '没收金额';

COMMENT ON COLUMN jishi.credit_record.licence_suspended IS '暂扣或吊销证照名称及编号';

COMMENT ON COLUMN jishi.credit_record.current_state IS '当前状态';

COMMENT ON COLUMN jishi.credit_record.organ_name IS '决定机关';

COMMENT ON COLUMN jishi.credit_record.organ_uscc IS '决定机关统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record.source_org IS '数据来源单位';

COMMENT ON COLUMN jishi.credit_record.source_org_uscc IS '数据来源单位统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record.remark IS '备注';

COMMENT ON COLUMN jishi.credit_record.list_name IS '名单名称';

COMMENT ON COLUMN jishi.credit_record.list_year IS '评价年度';

COMMENT ON COLUMN jishi.credit_record.case_no IS '案号';

COMMENT ON COLUMN jishi.credit_record.legal_basis_doc IS '认定依据';

COMMENT ON COLUMN jishi.credit_record.filed_on IS '立案日期';

COMMENT ON COLUMN jishi.credit_record.region IS '地域';

COMMENT ON COLUMN jishi.credit_record.publish_from IS '公示起始日期';

COMMENT ON COLUMN jishi.credit_record.publicity_until IS '公示截止期';

COMMENT ON COLUMN jishi.credit_record.severity_grade_code IS '失信程度';

COMMENT ON COLUMN jishi.credit_record.publish_needed IS '确需公示';

COMMENT ON COLUMN jishi.credit_record.publicity_min_until IS '最短公示期届满日';

COMMENT ON COLUMN jishi.credit_record.publicity_max_until IS '最长公示期届满日';

COMMENT ON COLUMN jishi.credit_record.grade_publication_code IS '公示属性（失信程度）';

COMMENT ON COLUMN jishi.credit_record.party_publication_code IS '公示属性（相对人）';

COMMENT ON COLUMN jishi.credit_record.repair_apply_id IS '信用修复申请编号';

COMMENT ON COLUMN jishi.credit_record.duty_done IS '义务已履行';

COMMENT ON COLUMN jishi.credit_record.commitment_doc IS '信用承诺书';

COMMENT ON COLUMN jishi.credit_record.repair_accepted_on IS '修复受理日期';

COMMENT ON COLUMN jishi.credit_record.repair_decided_on IS '修复决定日期';

COMMENT ON COLUMN jishi.credit_record.repair_result_code IS '修复结果';

COMMENT ON COLUMN jishi.credit_record.repair_decided_by_uscc IS '修复决定单位';

COMMENT ON COLUMN jishi.credit_record.repair_stop_publish_on IS '停止公示日期';

COMMENT ON COLUMN jishi.credit_record.withheld_from IS '不再公示共享之日';

COMMENT ON COLUMN jishi.credit_record.state IS 'active or ended';

COMMENT ON COLUMN jishi.credit_record.in_version IS 'this row also stands in the version table';

CREATE TABLE jishi.credit_record_contribution (
	contribution_id BIGINT NOT NULL, 
	record_class TEXT, 
	decision_document TEXT, 
	counterparty_name TEXT, 
	counterparty_category TEXT, 
	cp_uscc TEXT, 
	cp_reg_no TEXT, 
	cp_org_code TEXT, 
	cp_tax_no TEXT, 
	cp_institution_no TEXT, 
	cp_social_org_no TEXT, 
	cp_id_type TEXT, 
	cp_id_no TEXT, 
	legal_rep_name TEXT, 
	legal_rep_id_type TEXT, 
	legal_rep_id_no TEXT, 
	decision_doc_name TEXT, 
	decision_doc_no TEXT, 
	decided_on DATE, 
	licence_type TEXT, 
	cert_name TEXT, 
	cert_no TEXT, 
	content TEXT, 
	valid_from DATE, 
	valid_to DATE, 
	violation_type TEXT, 
	violation_fact TEXT, 
	legal_basis TEXT, 
	penalty_categories JSONB, 
	fine NUMERIC(20, 2), 
	confiscated NUMERIC(20, 2), 
	licence_suspended TEXT, 
	current_state TEXT, 
	organ_name TEXT, 
	organ_uscc TEXT, 
	source_org TEXT, 
	source_org_uscc TEXT, 
	remark TEXT, 
	list_name TEXT, 
	list_year TEXT, 
	case_no TEXT, 
	legal_basis_doc TEXT, 
	filed_on DATE, 
	region TEXT, 
	publish_from DATE, 
	publicity_until DATE, 
	severity_grade_code TEXT, 
	publish_needed BOOLEAN, 
	publicity_min_until DATE, 
	publicity_max_until DATE, 
	grade_publication_code TEXT, 
	party_publication_code TEXT, 
	repair_apply_id TEXT, 
	duty_done BOOLEAN, 
	commitment_doc TEXT, 
	repair_accepted_on DATE, 
	repair_decided_on DATE, 
	repair_result_code TEXT, 
	repair_decided_by_uscc TEXT, 
	repair_stop_publish_on DATE, 
	withheld_from DATE, 
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ended BOOLEAN NOT NULL, 
	batch_id BIGINT NOT NULL, 
	row_number BIGINT NOT NULL, 
	CONSTRAINT credit_record_contribution_pkey PRIMARY KEY (contribution_id, effective_from, recorded_at)
)
 PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE jishi.credit_record_contribution IS '信用 contributions';

COMMENT ON COLUMN jishi.credit_record_contribution.record_class IS '信用信息类别';

COMMENT ON COLUMN jishi.credit_record_contribution.decision_document IS '决定标识';

COMMENT ON COLUMN jishi.credit_record_contribution.counterparty_name IS '行政相对人名称';

COMMENT ON COLUMN jishi.credit_record_contribution.counterparty_category IS '行政相对人类别';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_uscc IS '相对人统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_reg_no IS '相对人工商注册号';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_org_code IS '相对人组织机构代码';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_tax_no IS '相对人税务登记号';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_institution_no IS '相对人事业单位证书号';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_social_org_no IS '相对人社会组织登记证号';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_id_type IS '自然人证件类型';

COMMENT ON COLUMN jishi.credit_record_contribution.cp_id_no IS '自然人证件号码';

COMMENT ON COLUMN jishi.credit_record_contribution.legal_rep_name IS '法定代表人';

COMMENT ON COLUMN jishi.credit_record_contribution.legal_rep_id_type IS '法定代表人证件类型';

COMMENT ON COLUMN jishi.credit_record_contribution.legal_rep_id_no IS '法定代表人证件号码';

COMMENT ON COLUMN jishi.credit_record_contribution.decision_doc_name IS '决定文书名称';

COMMENT ON COLUMN jishi.credit_record_contribution.decision_doc_no IS '决定文书号';

COMMENT ON COLUMN jishi.credit_record_contribution.decided_on IS '决定日期';

COMMENT ON COLUMN jishi.credit_record_contribution.licence_type IS '许可类别';

COMMENT ON COLUMN jishi.credit_record_contribution.cert_name IS '许可证书名称';

COMMENT ON COLUMN jishi.credit_record_contribution.cert_no IS '许可编号';

COMMENT ON COLUMN jishi.credit_record_contribution.content IS '决定内容';

COMMENT ON COLUMN jishi.credit_record_contribution.valid_from IS '有效期自';

COMMENT ON COLUMN jishi.credit_record_contribution.valid_to IS '有效期至';

COMMENT ON COLUMN jishi.credit_record_contribution.violation_type IS '违法行为类型';

COMMENT ON COLUMN jishi.credit_record_contribution.violation_fact IS '违法事实';

COMMENT ON COLUMN jishi.credit_record_contribution.legal_basis IS '处罚依据';

COMMENT ON COLUMN jishi.credit_record_contribution.penalty_categories IS '处罚类别';

COMMENT ON COLUMN jishi.credit_record_contribution.fine IS '罚款金额';

COMMENT ON COLUMN jishi.credit_record_contribution.confiscated IS '没收金额';

COMMENT ON COLUMN jishi.credit_record_contribution.licence_suspended IS '暂扣或吊销证照名称及编号';

COMMENT ON COLUMN jishi.credit_record_contribution.current_state IS '当前状态';

COMMENT ON COLUMN jishi.credit_record_contribution.organ_name IS '决定机关';

COMMENT ON COLUMN jishi.credit_record_contribution.organ_uscc IS '决定机关统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record_contribution.source_org IS '数据来源单位';

COMMENT ON COLUMN jishi.credit_record_contribution.source_org_uscc IS '数据来源单位统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record_contribution.remark IS '备注';

COMMENT ON COLUMN jishi.credit_record_contribution.list_name IS '名单名称';

COMMENT ON COLUMN jishi.credit_record_contribution.list_year IS '评价年度';

COMMENT ON COLUMN jishi.credit_record_contribution.case_no IS '案号';

COMMENT ON COLUMN jishi.credit_record_contribution.legal_basis_doc IS '认定依据';

COMMENT ON COLUMN jishi.credit_record_contribution.filed_on IS '立案日期';

COMMENT ON COLUMN jishi.credit_record_contribution.region IS '地域';

COMMENT ON COLUMN jishi.credit_record_contribution.publish_from IS '公示起始日期';

COMMENT ON COLUMN jishi.credit_record_contribution.publicity_until IS '公示截止期';

COMMENT ON COLUMN jishi.credit_record_contribution.severity_grade_code IS '失信程度';

COMMENT ON COLUMN jishi.credit_record_contribution.publish_needed IS '确需公示';

COMMENT ON COLUMN jishi.credit_record_contribution.publicity_min_until IS '最短公示期届满日';

COMMENT ON COLUMN jishi.credit_record_contribution.publicity_max_until IS '最长公示期届满日';

COMMENT ON COLUMN jishi.credit_record_contribution.grade_publication_code IS '公示属性（失信程度）';

COMMENT ON COLUMN jishi.credit_record_contribution.party_publication_code IS '公示属性（相对人）';

COMMENT ON COLUMN jishi.credit_record_contribution.repair_apply_id IS '信用修复申请编号';

COMMENT ON COLUMN jishi.credit_record_contribution.duty_done IS '义务已履行';

COMMENT ON COLUMN jishi.credit_record_contribution.commitment_doc IS '信用承诺书';

COMMENT ON COLUMN jishi.credit_record_contribution.repair_accepted_on IS '修复受理日期';

COMMENT ON COLUMN jishi.credit_record_contribution.repair_decided_on IS '修复决定日期';

COMMENT ON COLUMN jishi.credit_record_contribution.repair_result_code IS '修复结果';

COMMENT ON COLUMN jishi.credit_record_contribution.repair_decided_by_uscc IS '修复决定单位';

COMMENT ON COLUMN jishi.credit_record_contribution.repair_stop_publish_on IS '停止公示日期';

COMMENT ON COLUMN jishi.credit_record_contribution.withheld_from IS '不再公示共享之日';

COMMENT ON COLUMN jishi.credit_record_contribution.row_number IS 'row of the delivery; 0 = ended by absence';

CREATE TABLE jishi.credit_record_contribution_rest PARTITION OF jishi.credit_record_contribution DEFAULT;

CREATE TABLE jishi.credit_record_link (
	contribution_id BIGINT NOT NULL, 
	source_id SMALLINT NOT NULL, 
	source_key UUID NOT NULL, 
	origin TEXT NOT NULL, 
	rank SMALLINT NOT NULL, 
	scope TEXT NOT NULL, 
	uid UUID NOT NULL, 
	method SMALLINT NOT NULL, 
	digest UUID NOT NULL, 
	raw_tag UUID NOT NULL, 
	ended BOOLEAN NOT NULL, 
	checked INTEGER NOT NULL, 
	warnings TEXT[], 
	CONSTRAINT credit_record_link_pkey PRIMARY KEY (contribution_id)
);

COMMENT ON TABLE jishi.credit_record_link IS '信用 judgements in force';

COMMENT ON COLUMN jishi.credit_record_link.source_key IS 'keyed tag of the source''s key columns';

COMMENT ON COLUMN jishi.credit_record_link.method IS '1 new entity, 2 strong identifier, 3 model, 4 steward';

COMMENT ON COLUMN jishi.credit_record_link.digest IS 'keyed digest of the newest revision''s values';

COMMENT ON COLUMN jishi.credit_record_link.raw_tag IS 'keyed hash of its cells as delivered';

COMMENT ON COLUMN jishi.credit_record_link.checked IS 'ruleset under which the newest revision was examined';

CREATE UNIQUE INDEX credit_record_link_source_key ON jishi.credit_record_link (source_id, source_key);

CREATE INDEX credit_record_link_uid_idx ON jishi.credit_record_link (uid);

CREATE TABLE jishi.credit_record_version (
	uid UUID NOT NULL, 
	record_class TEXT, 
	decision_document TEXT, 
	counterparty_name TEXT, 
	counterparty_category TEXT, 
	cp_uscc TEXT, 
	cp_reg_no TEXT, 
	cp_org_code TEXT, 
	cp_tax_no TEXT, 
	cp_institution_no TEXT, 
	cp_social_org_no TEXT, 
	cp_id_type TEXT, 
	cp_id_no TEXT, 
	legal_rep_name TEXT, 
	legal_rep_id_type TEXT, 
	legal_rep_id_no TEXT, 
	decision_doc_name TEXT, 
	decision_doc_no TEXT, 
	decided_on DATE, 
	licence_type TEXT, 
	cert_name TEXT, 
	cert_no TEXT, 
	content TEXT, 
	valid_from DATE, 
	valid_to DATE, 
	violation_type TEXT, 
	violation_fact TEXT, 
	legal_basis TEXT, 
	penalty_categories JSONB, 
	fine NUMERIC(20, 2), 
	confiscated NUMERIC(20, 2), 
	licence_suspended TEXT, 
	current_state TEXT, 
	organ_name TEXT, 
	organ_uscc TEXT, 
	source_org TEXT, 
	source_org_uscc TEXT, 
	remark TEXT, 
	list_name TEXT, 
	list_year TEXT, 
	case_no TEXT, 
	legal_basis_doc TEXT, 
	filed_on DATE, 
	region TEXT, 
	publish_from DATE, 
	publicity_until DATE, 
	severity_grade_code TEXT, 
	publish_needed BOOLEAN, 
	publicity_min_until DATE, 
	publicity_max_until DATE, 
	grade_publication_code TEXT, 
	party_publication_code TEXT, 
	repair_apply_id TEXT, 
	duty_done BOOLEAN, 
	commitment_doc TEXT, 
	repair_accepted_on DATE, 
	repair_decided_on DATE, 
	repair_result_code TEXT, 
	repair_decided_by_uscc TEXT, 
	repair_stop_publish_on DATE, 
	withheld_from DATE, 
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	state TEXT NOT NULL, 
	"into" UUID, 
	batch_id BIGINT NOT NULL, 
	CONSTRAINT credit_record_version_pkey PRIMARY KEY (uid, effective_from, recorded_at)
)
 PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE jishi.credit_record_version IS '信用 versions';

COMMENT ON COLUMN jishi.credit_record_version.record_class IS '信用信息类别';

COMMENT ON COLUMN jishi.credit_record_version.decision_document IS '决定标识';

COMMENT ON COLUMN jishi.credit_record_version.counterparty_name IS '行政相对人名称';

COMMENT ON COLUMN jishi.credit_record_version.counterparty_category IS '行政相对人类别';

COMMENT ON COLUMN jishi.credit_record_version.cp_uscc IS '相对人统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record_version.cp_reg_no IS '相对人工商注册号';

COMMENT ON COLUMN jishi.credit_record_version.cp_org_code IS '相对人组织机构代码';

COMMENT ON COLUMN jishi.credit_record_version.cp_tax_no IS '相对人税务登记号';

COMMENT ON COLUMN jishi.credit_record_version.cp_institution_no IS '相对人事业单位证书号';

COMMENT ON COLUMN jishi.credit_record_version.cp_social_org_no IS '相对人社会组织登记证号';

COMMENT ON COLUMN jishi.credit_record_version.cp_id_type IS '自然人证件类型';

COMMENT ON COLUMN jishi.credit_record_version.cp_id_no IS '自然人证件号码';

COMMENT ON COLUMN jishi.credit_record_version.legal_rep_name IS '法定代表人';

COMMENT ON COLUMN jishi.credit_record_version.legal_rep_id_type IS '法定代表人证件类型';

COMMENT ON COLUMN jishi.credit_record_version.legal_rep_id_no IS '法定代表人证件号码';

COMMENT ON COLUMN jishi.credit_record_version.decision_doc_name IS '决定文书名称';

COMMENT ON COLUMN jishi.credit_record_version.decision_doc_no IS '决定文书号';

COMMENT ON COLUMN jishi.credit_record_version.decided_on IS '决定日期';

COMMENT ON COLUMN jishi.credit_record_version.licence_type IS '许可类别';

COMMENT ON COLUMN jishi.credit_record_version.cert_name IS '许可证书名称';

COMMENT ON COLUMN jishi.credit_record_version.cert_no IS '许可编号';

COMMENT ON COLUMN jishi.credit_record_version.content IS '决定内容';

COMMENT ON COLUMN jishi.credit_record_version.valid_from IS '有效期自';

COMMENT ON COLUMN jishi.credit_record_version.valid_to IS '有效期至';

COMMENT ON COLUMN jishi.credit_record_version.violation_type IS '违法行为类型';

COMMENT ON COLUMN jishi.credit_record_version.violation_fact IS '违法事实';

COMMENT ON COLUMN jishi.credit_record_version.legal_basis IS '处罚依据';

COMMENT ON COLUMN jishi.credit_record_version.penalty_categories IS '处罚类别';

COMMENT ON COLUMN jishi.credit_record_version.fine IS '罚款金额';

COMMENT ON COLUMN jishi.credit_record_version.confiscated IS '没收金额';

COMMENT ON COLUMN jishi.credit_record_version.licence_suspended IS '暂扣或吊销证照名称及编号';

COMMENT ON COLUMN jishi.credit_record_version.current_state IS '当前状态';

COMMENT ON COLUMN jishi.credit_record_version.organ_name IS '决定机关';

COMMENT ON COLUMN jishi.credit_record_version.organ_uscc IS '决定机关统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record_version.source_org IS '数据来源单位';

COMMENT ON COLUMN jishi.credit_record_version.source_org_uscc IS '数据来源单位统一社会信用代码';

COMMENT ON COLUMN jishi.credit_record_version.remark IS '备注';

COMMENT ON COLUMN jishi.credit_record_version.list_name IS '名单名称';

COMMENT ON COLUMN jishi.credit_record_version.list_year IS '评价年度';

COMMENT ON COLUMN jishi.credit_record_version.case_no IS '案号';

COMMENT ON COLUMN jishi.credit_record_version.legal_basis_doc IS '认定依据';

COMMENT ON COLUMN jishi.credit_record_version.filed_on IS '立案日期';

COMMENT ON COLUMN jishi.credit_record_version.region IS '地域';

COMMENT ON COLUMN jishi.credit_record_version.publish_from IS '公示起始日期';

COMMENT ON COLUMN jishi.credit_record_version.publicity_until IS '公示截止期';

COMMENT ON COLUMN jishi.credit_record_version.severity_grade_code IS '失信程度';

COMMENT ON COLUMN jishi.credit_record_version.publish_needed IS '确需公示';

COMMENT ON COLUMN jishi.credit_record_version.publicity_min_until IS '最短公示期届满日';

COMMENT ON COLUMN jishi.credit_record_version.publicity_max_until IS '最长公示期届满日';

COMMENT ON COLUMN jishi.credit_record_version.grade_publication_code IS '公示属性（失信程度）';

COMMENT ON COLUMN jishi.credit_record_version.party_publication_code IS '公示属性（相对人）';

COMMENT ON COLUMN jishi.credit_record_version.repair_apply_id IS '信用修复申请编号';

COMMENT ON COLUMN jishi.credit_record_version.duty_done IS '义务已履行';

COMMENT ON COLUMN jishi.credit_record_version.commitment_doc IS '信用承诺书';

COMMENT ON COLUMN jishi.credit_record_version.repair_accepted_on IS '修复受理日期';

COMMENT ON COLUMN jishi.credit_record_version.repair_decided_on IS '修复决定日期';

COMMENT ON COLUMN jishi.credit_record_version.repair_result_code IS '修复结果';

COMMENT ON COLUMN jishi.credit_record_version.repair_decided_by_uscc IS '修复决定单位';

COMMENT ON COLUMN jishi.credit_record_version.repair_stop_publish_on IS '停止公示日期';

COMMENT ON COLUMN jishi.credit_record_version.withheld_from IS '不再公示共享之日';

COMMENT ON COLUMN jishi.credit_record_version.state IS 'active, ended or merged';

COMMENT ON COLUMN jishi.credit_record_version.into IS 'the surviving uid of a merged entity';

CREATE TABLE jishi.credit_record_version_rest PARTITION OF jishi.credit_record_version DEFAULT;
