CREATE OR REPLACE TABLE events (
  id UUID PEY,
  ow ThSRUCT(eeail VARCHAR, age INTEGER),
  steps STRUCT(rat T, note VARCHAR)[  bpatienage INTEGER),
   T