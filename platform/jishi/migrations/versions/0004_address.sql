-- Parts of addresses: columns of the places, the county of an entity's domicile.

ALTER TABLE jishi.place
  ADD COLUMN addr_province TEXT,
  ADD COLUMN addr_city TEXT,
  ADD COLUMN addr_county TEXT,
  ADD COLUMN addr_zone TEXT,
  ADD COLUMN addr_town TEXT,
  ADD COLUMN addr_community TEXT,
  ADD COLUMN addr_road TEXT,
  ADD COLUMN addr_number TEXT,
  ADD COLUMN addr_compound TEXT,
  ADD COLUMN addr_building TEXT,
  ADD COLUMN addr_unit TEXT,
  ADD COLUMN addr_room TEXT,
  ADD COLUMN addr_remainder TEXT,
  ADD COLUMN addr_division_code TEXT,
  ADD COLUMN addr_named_code TEXT,
  ADD COLUMN addr_town_code TEXT,
  ADD COLUMN addr_resolution TEXT,
  ADD COLUMN addr_candidates TEXT;

COMMENT ON COLUMN jishi.place.addr_province IS '省';

COMMENT ON COLUMN jishi.place.addr_city IS '市';

COMMENT ON COLUMN jishi.place.addr_county IS '区县';

COMMENT ON COLUMN jishi.place.addr_zone IS '开发区等功能区';

COMMENT ON COLUMN jishi.place.addr_town IS '乡镇街道';

COMMENT ON COLUMN jishi.place.addr_community IS '社区村';

COMMENT ON COLUMN jishi.place.addr_road IS '路街巷';

COMMENT ON COLUMN jishi.place.addr_number IS '门牌号';

COMMENT ON COLUMN jishi.place.addr_compound IS '小区、院落';

COMMENT ON COLUMN jishi.place.addr_building IS '楼栋';

COMMENT ON COLUMN jishi.place.addr_unit IS '单元';

COMMENT ON COLUMN jishi.place.addr_room IS '户室';

COMMENT ON COLUMN jishi.place.addr_remainder IS '地址其余部分';

COMMENT ON COLUMN jishi.place.addr_division_code IS '地址所在区县代码';

COMMENT ON COLUMN jishi.place.addr_named_code IS '地址所写区县代码';

COMMENT ON COLUMN jishi.place.addr_town_code IS '地址所在乡级代码';

COMMENT ON COLUMN jishi.place.addr_resolution IS '区县判定方式';

COMMENT ON COLUMN jishi.place.addr_candidates IS '可能的区县代码';

ALTER TABLE jishi.place_version
  ADD COLUMN addr_province TEXT,
  ADD COLUMN addr_city TEXT,
  ADD COLUMN addr_county TEXT,
  ADD COLUMN addr_zone TEXT,
  ADD COLUMN addr_town TEXT,
  ADD COLUMN addr_community TEXT,
  ADD COLUMN addr_road TEXT,
  ADD COLUMN addr_number TEXT,
  ADD COLUMN addr_compound TEXT,
  ADD COLUMN addr_building TEXT,
  ADD COLUMN addr_unit TEXT,
  ADD COLUMN addr_room TEXT,
  ADD COLUMN addr_remainder TEXT,
  ADD COLUMN addr_division_code TEXT,
  ADD COLUMN addr_named_code TEXT,
  ADD COLUMN addr_town_code TEXT,
  ADD COLUMN addr_resolution TEXT,
  ADD COLUMN addr_candidates TEXT;

COMMENT ON COLUMN jishi.place_version.addr_province IS '省';

COMMENT ON COLUMN jishi.place_version.addr_city IS '市';

COMMENT ON COLUMN jishi.place_version.addr_county IS '区县';

COMMENT ON COLUMN jishi.place_version.addr_zone IS '开发区等功能区';

COMMENT ON COLUMN jishi.place_version.addr_town IS '乡镇街道';

COMMENT ON COLUMN jishi.place_version.addr_community IS '社区村';

COMMENT ON COLUMN jishi.place_version.addr_road IS '路街巷';

COMMENT ON COLUMN jishi.place_version.addr_number IS '门牌号';

COMMENT ON COLUMN jishi.place_version.addr_compound IS '小区、院落';

COMMENT ON COLUMN jishi.place_version.addr_building IS '楼栋';

COMMENT ON COLUMN jishi.place_version.addr_unit IS '单元';

COMMENT ON COLUMN jishi.place_version.addr_room IS '户室';

COMMENT ON COLUMN jishi.place_version.addr_remainder IS '地址其余部分';

COMMENT ON COLUMN jishi.place_version.addr_division_code IS '地址所在区县代码';

COMMENT ON COLUMN jishi.place_version.addr_named_code IS '地址所写区县代码';

COMMENT ON COLUMN jishi.place_version.addr_town_code IS '地址所在乡级代码';

COMMENT ON COLUMN jishi.place_version.addr_resolution IS '区县判定方式';

COMMENT ON COLUMN jishi.place_version.addr_candidates IS '可能的区县代码';

ALTER TABLE jishi.place_contribution
  ADD COLUMN addr_province TEXT,
  ADD COLUMN addr_city TEXT,
  ADD COLUMN addr_county TEXT,
  ADD COLUMN addr_zone TEXT,
  ADD COLUMN addr_town TEXT,
  ADD COLUMN addr_community TEXT,
  ADD COLUMN addr_road TEXT,
  ADD COLUMN addr_number TEXT,
  ADD COLUMN addr_compound TEXT,
  ADD COLUMN addr_building TEXT,
  ADD COLUMN addr_unit TEXT,
  ADD COLUMN addr_room TEXT,
  ADD COLUMN addr_remainder TEXT,
  ADD COLUMN addr_division_code TEXT,
  ADD COLUMN addr_named_code TEXT,
  ADD COLUMN addr_town_code TEXT,
  ADD COLUMN addr_resolution TEXT,
  ADD COLUMN addr_candidates TEXT;

COMMENT ON COLUMN jishi.place_contribution.addr_province IS '省';

COMMENT ON COLUMN jishi.place_contribution.addr_city IS '市';

COMMENT ON COLUMN jishi.place_contribution.addr_county IS '区县';

COMMENT ON COLUMN jishi.place_contribution.addr_zone IS '开发区等功能区';

COMMENT ON COLUMN jishi.place_contribution.addr_town IS '乡镇街道';

COMMENT ON COLUMN jishi.place_contribution.addr_community IS '社区村';

COMMENT ON COLUMN jishi.place_contribution.addr_road IS '路街巷';

COMMENT ON COLUMN jishi.place_contribution.addr_number IS '门牌号';

COMMENT ON COLUMN jishi.place_contribution.addr_compound IS '小区、院落';

COMMENT ON COLUMN jishi.place_contribution.addr_building IS '楼栋';

COMMENT ON COLUMN jishi.place_contribution.addr_unit IS '单元';

COMMENT ON COLUMN jishi.place_contribution.addr_room IS '户室';

COMMENT ON COLUMN jishi.place_contribution.addr_remainder IS '地址其余部分';

COMMENT ON COLUMN jishi.place_contribution.addr_division_code IS '地址所在区县代码';

COMMENT ON COLUMN jishi.place_contribution.addr_named_code IS '地址所写区县代码';

COMMENT ON COLUMN jishi.place_contribution.addr_town_code IS '地址所在乡级代码';

COMMENT ON COLUMN jishi.place_contribution.addr_resolution IS '区县判定方式';

COMMENT ON COLUMN jishi.place_contribution.addr_candidates IS '可能的区县代码';

ALTER TABLE jishi.legal_entity
  ADD COLUMN domicile_division_code TEXT;

COMMENT ON COLUMN jishi.legal_entity.domicile_division_code IS '住所所在区县代码';

ALTER TABLE jishi.legal_entity_version
  ADD COLUMN domicile_division_code TEXT;

COMMENT ON COLUMN jishi.legal_entity_version.domicile_division_code IS '住所所在区县代码';

ALTER TABLE jishi.legal_entity_contribution
  ADD COLUMN domicile_division_code TEXT;

COMMENT ON COLUMN jishi.legal_entity_contribution.domicile_division_code IS '住所所在区县代码';

CREATE INDEX place_addr_division_code_idx ON jishi.place (addr_division_code, uid);

CREATE INDEX legal_entity_domicile_division_code_idx ON jishi.legal_entity (domicile_division_code, uid);
