-- For wrk. With COOKIES, a file of one Cookie header per line, each request carries the next one.
-- With BODY, each is a POST of it.
-- Prints its figures as one line of JSON.
local file = os.getenv("COOKIES")
local body = os.getenv("BODY")

if body then
  wrk.method = "POST"
  wrk.body = body
end

if file then
  local requests, at = {}, 0

  function init()
    for cookie in io.lines(file) do
      requests[#requests + 1] = wrk.format("GET", wrk.path, { Host = wrk.headers.Host, Cookie = cookie })
    end
  end

  function request()
    at = at % #requests + 1
    return requests[at]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"errors":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
