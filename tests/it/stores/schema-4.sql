-- a store of live-orders as schema 4 keeps it; see tests/it/stores.rs.
PRAGMA application_id = 1282822002;
PRAGMA user_version = 4;
BEGIN TRANSACTION;
CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
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
    , service TEXT NOT NULL DEFAULT 'pickup') STRICT;
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
CREATE TABLE idempotency_keys (
        key TEXT PRIMARY KEY,
        order_id BLOB NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE numbers (
        location TEXT NOT NULL,
        business_day INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (location, business_day)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE seen (
        order_id BLOB NOT NULL,
        screen TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (order_id, screen)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE screens (
        name TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        data TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE webhooks (
        id TEXT PRIMARY KEY,
        url TEXT NOT NULL,
        description TEXT,
        filter TEXT NOT NULL,
        secret TEXT NOT NULL,
        previous_secret TEXT,
        previous_until INTEGER,
        state TEXT NOT NULL,
        why TEXT,
        since INTEGER NOT NULL,
        cursor INTEGER NOT NULL,
        missed INTEGER,
        failing_since INTEGER,
        held_until INTEGER,
        delivered_at INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_waiting (
        webhook TEXT NOT NULL,
        seq INTEGER NOT NULL,
        order_id BLOB NOT NULL,
        kind TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        failed_at INTEGER,
        next_at INTEGER NOT NULL,
        PRIMARY KEY (webhook, seq)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_attempts (
        id INTEGER PRIMARY KEY,
        webhook TEXT NOT NULL,
        seq INTEGER,
        order_id BLOB,
        kind TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        at INTEGER NOT NULL,
        took_ms INTEGER NOT NULL,
        status INTEGER,
        error TEXT,
        outcome TEXT NOT NULL,
        next_at INTEGER
    ) STRICT;
CREATE TABLE channel_secrets (
        channel TEXT PRIMARY KEY,
        secret TEXT NOT NULL,
        previous_secret TEXT,
        previous_until INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('checked','a');
INSERT INTO meta (key, value) VALUES ('demo','0');
INSERT INTO meta (key, value) VALUES ('epoch','2e491fb8');
INSERT INTO meta (key, value) VALUES ('floor','0');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (1,X'01A2078BCC2B733791EEA41E5C682850','order.placed',NULL,'placed','main','api','kitchen',1795400000000,'{"id":"01a2078b-cc2b-7337-91ee-a41e5c682850","number":101,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"dine_in","table":"7"},"customer":{"name":"Bo"},"revision":0,"items":[{"id":1,"name":"Pie","quantity":1,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":["nuts"],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400780000,"promised_at":1795401080000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','dine_in');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (2,X'01A2078BCC3577C5BD890CEEE11E6D71','order.placed',NULL,'placed','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":1,"status":"placed","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (3,X'01A2078BCC3577C5BD890CEEE11E6D71','order.accepted','placed','accepted','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":2,"status":"accepted","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"placed","to":"accepted","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (4,X'01A2078BCC3577C5BD890CEEE11E6D71','order.updated','accepted','accepted','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":3,"status":"accepted","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"accepted","to":"accepted","what":"flags","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (5,X'01A2078BCC3577C5BD890CEEE11E6D71','order.preparing','accepted','preparing','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":4,"status":"preparing","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"accepted","to":"preparing","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (6,X'01A2078BCC3577C5BD890CEEE11E6D71','order.ready','preparing','ready','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":5,"status":"ready","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"preparing","to":"ready","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (7,X'01A2078BCC3577C5BD890CEEE11E6D71','order.preparing','ready','preparing','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":6,"status":"preparing","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":true,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"ready","to":"preparing","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (8,X'01A2078BCC3577C5BD890CEEE11E6D71','order.ready','preparing','ready','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":7,"status":"ready","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"preparing","to":"ready","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (9,X'01A2078BCC3577C5BD890CEEE11E6D71','order.out_for_delivery','ready','out_for_delivery','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":8,"status":"out_for_delivery","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"out_for_delivery_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"ready","to":"out_for_delivery","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (10,X'01A2078BCC3577C5BD890CEEE11E6D71','order.completed','out_for_delivery','completed','main','web','hot,cold',1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":9,"status":"completed","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"out_for_delivery_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"out_for_delivery","to":"completed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','delivery');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (11,X'01A2078BCC8C7233B21EA5A5AF66E72E','order.placed',NULL,'placed','main','api','kitchen',1795400000000,'{"id":"01a2078b-cc8c-7233-b21e-a5a5af66e72e","number":103,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','pickup');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (12,X'01A2078BCC9A77B7A8D187D2C47D0944','order.placed',NULL,'placed','main','api','kitchen',1795400000000,'{"id":"01a2078b-cc9a-77b7-a8d1-87d2c47d0944","number":104,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','pickup');
INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, stations, at, data, service) VALUES (13,X'01A2078BCC9A77B7A8D187D2C47D0944','order.cancelled','placed','cancelled','main','api','kitchen',1795400000000,'{"id":"01a2078b-cc9a-77b7-a8d1-87d2c47d0944","number":104,"location":"main","version":2,"status":"cancelled","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":true,"allergens_seen":false},"times":{"placed_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"from":"placed","to":"cancelled","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}','pickup');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data) VALUES (1,X'01A2078BCC2B733791EEA41E5C682850','placed',1,'api',NULL,X'8D4D6584E29281D0AEAF946ED8FE4FF23E111192AF2042A2E521B3D1133777425D572E167F75529D067C0CB16BA61D91CB0A8D6ABC2001B7D528F1586840885A',1795400000000,1795400000000,'{"id":"01a2078b-cc2b-7337-91ee-a41e5c682850","number":101,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"dine_in","table":"7"},"customer":{"name":"Bo"},"revision":0,"items":[{"id":1,"name":"Pie","quantity":1,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":["nuts"],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400780000,"promised_at":1795401080000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data) VALUES (2,X'01A2078BCC3577C5BD890CEEE11E6D71','completed',0,'web','w-1',X'86DD4427328CF9E35C95C770BB6D57A51A3E9B3D79C69BA5A4AC23F2BD7B61472DD110F91E017EB014CB5D98DCE6CB718E5CFDDA1169F2239F2651B00E9D8282',1795400000000,1795400000000,'{"id":"01a2078b-cc35-77c5-bd89-0ceee11e6d71","number":102,"location":"main","version":9,"status":"completed","source":{"channel":"web","external_id":"w-1"},"fulfilment":{"type":"delivery","address":"12 Long Street"},"customer":{"name":"Ana","phone":"555"},"revision":0,"items":[{"id":1,"name":"Soup","quantity":2,"unit_price":0,"station":"hot","modifiers":[],"allergens":[],"note":"no salt","status":"todo"},{"id":2,"name":"Cake","quantity":1,"unit_price":0,"station":"cold","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":true,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"accepted_at":1795400000000,"preparing_at":1795400000000,"ready_at":1795400000000,"out_for_delivery_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400840000,"promised_at":1795401200000},"last_change":{"from":"out_for_delivery","to":"completed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data) VALUES (3,X'01A2078BCC8C7233B21EA5A5AF66E72E','placed',1,'api',NULL,X'478DB74CBBC55F36D20DB6602FDC6BB9C7D165A249074E12A2C60CCC2EBC0C91FEC0B0CA888D72A6D40848790799AA091A2AF9B5D5CFF6C7C4ED92387A11D632',1795400000000,1795400000000,'{"id":"01a2078b-cc8c-7233-b21e-a5a5af66e72e","number":103,"location":"main","version":1,"status":"placed","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":false,"allergens_seen":false},"times":{"placed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"to":"placed","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}');
INSERT INTO orders (row, id, status, open, channel, external_id, fingerprint, placed_at, changed_at, data) VALUES (4,X'01A2078BCC9A77B7A8D187D2C47D0944','cancelled',1,'api',NULL,X'478DB74CBBC55F36D20DB6602FDC6BB9C7D165A249074E12A2C60CCC2EBC0C91FEC0B0CA888D72A6D40848790799AA091A2AF9B5D5CFF6C7C4ED92387A11D632',1795400000000,1795400000000,'{"id":"01a2078b-cc9a-77b7-a8d1-87d2c47d0944","number":104,"location":"main","version":2,"status":"cancelled","source":{"channel":"api"},"fulfilment":{"type":"pickup"},"customer":{"name":""},"revision":0,"items":[{"id":1,"name":"Cheeseburger","quantity":2,"unit_price":0,"station":"kitchen","modifiers":[],"allergens":[],"status":"todo"}],"money":{"currency":"EUR","subtotal":0,"tax":0,"tip":0,"fees":0,"discount":0,"total":0},"flags":{"rush":false,"held":false,"recalled":false,"changed":false,"scheduled":false,"cancel_unseen":true,"allergens_seen":false},"times":{"placed_at":1795400000000,"closed_at":1795400000000,"warn_at":1795400660000,"promised_at":1795400900000},"last_change":{"from":"placed","to":"cancelled","what":"status","at":1795400000000,"actor":{"kind":"staff","id":"test"}}}');
INSERT INTO idempotency_keys (key, order_id, at) VALUES ('old-key',X'01A2078BCC2B733791EEA41E5C682850',1795400000000);
INSERT INTO idempotency_keys (key, order_id, at) VALUES ('one',X'01A2078BCC3577C5BD890CEEE11E6D71',1795400000000);
INSERT INTO numbers (location, business_day, last) VALUES ('main',20261122,104);
INSERT INTO seen (order_id, screen, at) VALUES (X'01A2078BCC9A77B7A8D187D2C47D0944','expo',1795400000000);
INSERT INTO screens (name, version, changed_at, data) VALUES ('grill',1,1795400000000,'{"title":"Grill","role":"prep","stations":["hot"],"channels":[],"services":[],"view":"grid","sort":"due","page_size":null,"sounds":{"new":true,"changed":true,"cancelled":true,"ready":false,"late":false,"offline":true},"volume":70,"quiet_hours":null,"language":"en","theme":"auto","diagonal_in":24,"width_px":1920,"height_px":1080,"distance_m":1,"digits":"select","bump_bar":false,"single_keys":true,"keys":{},"announce":"new","hold_to_bump":false,"acknowledge_allergens":false}');
INSERT INTO webhooks (id, url, description, filter, secret, previous_secret, previous_until, state, why, since, cursor, missed, failing_since, held_until, delivered_at, created_at) VALUES ('wh_47948baa795fb5efe7a9','https://example.org/hook','a hook','{"channels":["web"]}','whsec_WGAWNnJsILGuiEYgs1nwrP+LP9f8xWBM8zOuhv6HQMs=',NULL,NULL,'off',NULL,1795422932190,13,NULL,NULL,NULL,NULL,1795422932190);
INSERT INTO channel_secrets (channel, secret, previous_secret, previous_until, created_at) VALUES ('web','whsec_TFCySlGDJ7Q9hHKElKmgqnHdhNiqgSmlolpbPp66+bQ=',NULL,NULL,1795422932234);
CREATE INDEX log_of_order ON log (order_id, seq);
CREATE UNIQUE INDEX orders_by_external_id ON orders (channel, external_id)
        WHERE external_id IS NOT NULL;
CREATE INDEX orders_open ON orders (placed_at) WHERE open = 1;
CREATE INDEX orders_by_change ON orders (changed_at);
CREATE INDEX orders_by_status ON orders (status, changed_at);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);
CREATE INDEX seen_by_age ON seen (at);
CREATE INDEX webhook_attempts_of ON webhook_attempts (webhook, id);
CREATE INDEX webhook_attempts_by_age ON webhook_attempts (at);
COMMIT;
