# SPDX-License-Identifier: Apache-2.0
# Finds libduckdb and duckdb.h: -DDuckDB_ROOT=DIR or FH_DUCKDB_ROOT=DIR in the environment for a
# copy that is there already, else the one that tools/setup fetched (duckdb.pins says which) into
# FREEHOLD_CACHE, default ~/.cache/freehold. Defines DuckDB::DuckDB.

if(DEFINED ENV{FREEHOLD_CACHE})
    set(_fh_cache "$ENV{FREEHOLD_CACHE}")
else()
    set(_fh_cache "$ENV{HOME}/.cache/freehold")
endif()
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/duckdb.pins" _fh_duckdb_version REGEX "^version=")
string(REPLACE "version=" "" _fh_duckdb_version "${_fh_duckdb_version}")
set(_fh_duckdb_hints ${DuckDB_ROOT} $ENV{FH_DUCKDB_ROOT} "${_fh_cache}/duckdb-${_fh_duckdb_version}")
find_path(DuckDB_INCLUDE_DIR duckdb.h HINTS ${_fh_duckdb_hints} PATH_SUFFIXES include)
find_library(DuckDB_LIBRARY duckdb HINTS ${_fh_duckdb_hints} PATH_SUFFIXES lib)
if(DuckDB_LIBRARY)
    get_filename_component(_fh_duckdb_dir "${DuckDB_LIBRARY}" DIRECTORY)
    if(EXISTS "${_fh_duckdb_dir}/../VERSION")
        file(STRINGS "${_fh_duckdb_dir}/../VERSION" DuckDB_VERSION LIMIT_COUNT 1)
    endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB
    REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR
    VERSION_VAR DuckDB_VERSION
    REASON_FAILURE_MESSAGE "Run tools/setup to fetch it, or pass -DDuckDB_ROOT=DIR (DIR/include/duckdb.h, DIR/lib/libduckdb.so).")
if(DuckDB_FOUND AND NOT TARGET DuckDB::DuckDB)
    add_library(DuckDB::DuckDB UNKNOWN IMPORTED)
    set_target_properties(DuckDB::DuckDB PROPERTIES
        IMPORTED_LOCATION "${DuckDB_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${DuckDB_INCLUDE_DIR}")
endif()
