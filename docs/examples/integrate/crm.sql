-- A customer table as it stands in many shops, before. Nobody in it is real.
CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    name TEXT,
    mobile TEXT,
    email TEXT,
    city TEXT,
    note TEXT,          -- stays: it is not about the person
    velum_ref TEXT      -- new: the reference, which says nothing about anybody
);
INSERT INTO customer (id, name, mobile, email, city, note) VALUES
    (1001, '王小明', '13800001001', 'wang@example.net', '上海', 'prefers mornings'),
    (1002, '李 静', '138 0000 1002', NULL, '杭州', ''),
    (1003, 'Chen Wei', '+86 13800001003', 'Chen@Example.net ', '苏州', ''),
    (1004, '赵雷', '13800001004', 'zhao@example.net', NULL, 'wholesale');
