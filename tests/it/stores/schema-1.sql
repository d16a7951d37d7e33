-- The store that the first schema left: an order without a due time, one with one,
-- and one that was cancelled. It was written at 1795399107682.
PRAGMA application_id = 1282822002;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE idempotency_keys (
        key TEXT PRIMARY KEY,
        order_id BLOB NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "idempotency_keys" VALUES('old-key',X'01A2062040F9779F9C71DA3A3FC55B90',1795399106809);
CREATE TABLE log (
        seq INTEGER PRIMARY KEY,
        order_id BLOB NOT NULL,
        kind TEXT NOT NULL,
        from_status TEXT,
        to_status TEXT NOT NULL,
        location TEXT NOT NULL,
        channel TEXT NOT NULL,
        stations TEXT NOT NULL,
        at INTEGER NOT NULL,
        data TEXT NOT NULL
    ) STRICT;
INSERT INTO "log" VALUES(1,X'01A2062040F9779F9C71DA3A3FC55B90','order.placed',NULL,'placed','main','web','hot',1795399106809,'{"id":"01a20620-40f9-779f-9c71-da3a3fc55b90","number":101,"location":"main","version":1,"status":"placed","source":{"channel":"web"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":450,"station":"hot","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":900,"tax":0,"tip":0,"fees":0,"discount":0,"total":900},"flags":{"rush":false,"held":false,"recalled":false,"changed":false},"times":{"placed_at":1795399106809},"last_change":{"to":"placed","at":1795399106809,"actor":{"kind":"customer","id":"web"}}}');
INSERT INTO "log" VALUES(2,X'01A20620414375C1BC69EF00FD0D77A2','order.placed',NULL,'placed','main','web','cold',1795399106883,'{"id":"01a20620-4143-75c1-bc69-ef00fd0d77a2","number":102,"location":"main","version":1,"status":"placed","source":{"channel":"web","external_id":"w-2"},"fulfilment":{"type":"delivery","due_at":1795400306000},"customer":{"name":""},"items":[{"id":1,"name":"Cake","quantity":1,"unit_price":300,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":300,"tax":0,"tip":0,"fees":0,"discount":0,"total":300},"flags":{"rush":false,"held":false,"recalled":false,"changed":false},"times":{"placed_at":1795399106883,"due_at":1795400306000},"last_change":{"to":"placed","at":1795399106883,"actor":{"kind":"customer","id":"web"}}}');
INSERT INTO "log" VALUES(3,X'01A206204170735CA09AFADA81FA6926','order.placed',NULL,'placed','main','api','kitchen',1795399106928,'{"id":"01a20620-4170-735c-a09a-fada81fa6926","number":103,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"items":[{"id":1,"name":"Tea","quantity":1,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false},"times":{"placed_at":1795399106928},"last_change":{"to":"placed","at":1795399106928,"actor":{"kind":"customer","id":"api"}}}');
INSERT INTO "log" VALUES(4,X'01A206204170735CA09AFADA81FA6926','order.cancelled','placed','cancelled','main','api','kitchen',1795399107682,'{"id":"01a20620-4170-735c-a09a-fada81fa6926","number":103,"location":"main","version":2,"status":"cancelled","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"items":[{"id":1,"name":"Tea","quantity":1,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false},"times":{"placed_at":1795399106928,"closed_at":1795399107682},"last_change":{"from":"placed","to":"cancelled","at":1795399107682,"actor":{"kind":"staff","id":"api"}}}');
CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('demo','0');
INSERT INTO "meta" VALUES('epoch','0116d05c');
INSERT INTO "meta" VALUES('floor','0');
CREATE TABLE numbers (
        location TEXT NOT NULL,
        business_day INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (location, business_day)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "numbers" VALUES('main',20261122,103);
CREATE TABLE orders (
        row INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        status TEXT NOT NULL,
        open INTEGER NOT NULL,
        channel TEXT NOT NULL,
        external_id TEXT,
        fingerprint BLOB NOT NULL,
        placed_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        data TEXT NOT NULL
    ) STRICT;
INSERT INTO "orders" VALUES(1,X'01A2062040F9779F9C71DA3A3FC55B90','placed',1,'web',NULL,X'37F5ED5CEE15F7DA194160484CA8F5B3B6D07AE72C8FA19DF4337A0E814B823B',1795399106809,1795399106809,'{"id":"01a20620-40f9-779f-9c71-da3a3fc55b90","number":101,"location":"main","version":1,"status":"placed","source":{"channel":"web"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":450,"station":"hot","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":900,"tax":0,"tip":0,"fees":0,"discount":0,"total":900},"flags":{"rush":false,"held":false,"recalled":false,"changed":false},"times":{"placed_at":1795399106809},"last_change":{"to":"placed","at":1795399106809,"actor":{"kind":"customer","id":"web"}}}');
INSERT INTO "orders" VALUES(2,X'01A20620414375C1BC69EF00FD0D77A2','placed',1,'web','w-2',X'3A1AC0DF2969FCFCD63A25C5BFE5859ECC4FB2FD6A156E080EF0074B8698FDCA',1795399106883,1795399106883,'{"id":"01a20620-4143-75c1-bc69-ef00fd0d77a2","number":102,"location":"main","version":1,"status":"placed","source":{"channel":"web","external_id":"w-2"},"fulfilment":{"type":"delivery","due_at":1795400306000},"customer":{"name":""},"items":[{"id":1,"name":"Cake","quantity":1,"unit_price":300,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":300,"tax":0,"tip":0,"fees":0,"discount":0,"total":300},"flags":{"rush":false,"held":false,"recalled":false,"changed":false},"times":{"placed_at":1795399106883,"due_at":1795400306000},"last_change":{"to":"placed","at":1795399106883,"actor":{"kind":"customer","id":"web"}}}');
INSERT INTO "orders" VALUES(3,X'01A206204170735CA09AFADA81FA6926','cancelled',0,'api',NULL,X'DFD78482DFE9FF2CB7CE4328BBCBB709F8573807628B9E50035F97B345C9EFAF',1795399106928,1795399107682,'{"id":"01a20620-4170-735c-a09a-fada81fa6926","number":103,"location":"main","version":2,"status":"cancelled","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"items":[{"id":1,"name":"Tea","quantity":1,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false},"times":{"placed_at":1795399106928,"closed_at":1795399107682},"last_change":{"from":"placed","to":"cancelled","at":1795399107682,"actor":{"kind":"staff","id":"api"}}}');
CREATE INDEX log_of_order ON log (order_id, seq);
CREATE UNIQUE INDEX orders_by_external_id ON orders (channel, external_id)
        WHERE external_id IS NOT NULL;
CREATE INDEX orders_open ON orders (placed_at) WHERE open = 1;
CREATE INDEX orders_by_change ON orders (changed_at);
CREATE INDEX orders_by_status ON orders (status, changed_at);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);
COMMIT;
