-- One process owns a data directory: nobody is there to keep a background job from.
DROP TABLE job;
