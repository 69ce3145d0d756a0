-- The longest life of a token that a key may have signed, in milliseconds. Of keys that were there before it is not known
-- how long they signed for: what is configured by default.
ALTER TABLE keys ADD COLUMN token_life bigint NOT NULL DEFAULT 3600000;
ALTER TABLE keys ADD COLUMN token_life_since bigint NOT NULL DEFAULT 0;

UPDATE keys SET token_life = 14 * 86400000 WHERE purpose = 'refresh';
UPDATE keys SET token_life = 7 * 86400000 WHERE purpose = 'one_time';
