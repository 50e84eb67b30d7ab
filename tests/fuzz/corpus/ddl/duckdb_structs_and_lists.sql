CREATE OR REPLACE TABLE events (
  id UUID PRIMARY KEY,
  who STRUCT(email VARCHAR, age INTEGER),
  steps STRUCT(at TIMESTAMP, note VARCHAR)[],
  counts INTEGER[],
  attributes MAP(VARCHAR, VARCHAR),
  big HUGEINT
);
