-- Requests of a file picked at random. Arguments: the file, and "strict" to look at every answer.
local prepared, count = {}, 0
failed, refused, strict = 0, 0, false

function init(args)
  local headers, in_head = {}, true
  for line in io.lines(args[1]) do
    if in_head then
      if line == "" then in_head = false else
        local name, text = line:match("^([^\t]*)\t(.*)$")
        headers[name] = text
      end
    else
      local method, path, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
      count = count + 1
      prepared[count] = wrk.format(method, path, headers, body ~= "" and body or nil)
    end
  end
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
  if args[2] == "strict" then
    strict = true
    response = function(status, headers)
      if status == 503 and (headers["Retry-After"] or headers["retry-after"]) then
        refused = refused + 1
      elseif status ~= 200 then
        failed = failed + 1
      end
    end
  end
end

function request()
  return prepared[math.random(count)]
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function done(summary, latency)
  local bad, full = 0, 0
  local strict_run = false
  for _, thread in ipairs(threads) do
    bad = bad + thread:get("failed")
    full = full + thread:get("refused")
    strict_run = strict_run or thread:get("strict")
  end
  if not strict_run then bad = summary.errors.status end
  local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"longest":%.3f,"failed":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, bad, full, broken))
end
