# SPDX-License-Identifier: Apache-2.0
# What deploy/clients/README.md says of R, by read.csv behind curl: each feature as a section "== FEATURE" of
# what it gave. The questions come in the environment.
ask <- function(sql, params = "", token = Sys.getenv("FREEHOLD_TOKEN"), file = tempfile()) {
  quoted <- function(text) paste0('"', gsub('(["\\\\])', "\\\\\\1", text), '"')
  status <- system2("curl", shQuote(c(
    "--silent", paste0(Sys.getenv("FREEHOLD_URL"), "/v1/query"), "--write-out", "%{http_code}",
    "--header", paste("Authorization: Bearer", token), "--header", "Accept: text/csv",
    "--json", paste0('{"sql": ', quoted(sql), ', "params": {', params, "}}"), "--output", file)), stdout = TRUE)
  list(status = status, file = file)
}
show <- function(feature, name, params = "") {
  cat("== ", feature, "\n", sep = "")
  answer <- read.csv(ask(Sys.getenv(name), params)$file, colClasses = "character", encoding = "UTF-8")
  write.csv(answer, row.names = FALSE, quote = FALSE)
}
cat("== sign-in\n", ask(Sys.getenv("MASKED"), token = "nobody")$status, "\n", sep = "")
show("csv", "MASKED")
show("masked", "MASKED")
show("join", "JOINED")
show("parameters", "ONE", '"id": 1')
