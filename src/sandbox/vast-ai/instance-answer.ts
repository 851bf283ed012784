import { hashText } from '../random.js';
import { portsOf } from './rent-order.js';
import type { VastContract } from './vast-contract.js';
import { priceParts, roundPrice, storagePerHour } from './vast-offer.js';

/** Columns that an instance shows as its offer does. */
// prettier-ignore
const OFFER_COLUMNS = [
  'machine_id', 'bundle_id', 'host_id', 'hosting_type', 'cpu_arch', 'cpu_cores', 'cpu_cores_effective', 'cpu_name',
  'cpu_ram', 'gpu_name', 'gpu_arch', 'gpu_ram', 'gpu_frac', 'gpu_lanes', 'gpu_mem_bw', 'bw_nvlink', 'num_gpus',
  'cuda_max_good', 'driver_version', 'compute_cap', 'disk_name', 'disk_bw', 'inet_up', 'inet_down', 'inet_up_cost',
  'inet_down_cost', 'direct_port_count', 'static_ip', 'geolocation', 'verification', 'min_bid', 'dlperf',
  'total_flops', 'score', 'reliability2', 'os_version', 'mobo_name', 'pci_gen', 'pcie_bw', 'logo', 'webpage',
  'storage_cost', 'credit_discount_max',
] as const;

/** States in which the container's measurements and ports are shown. */
const SHOWN_STATES: ReadonlySet<unknown> = new Set(['running', 'frozen', 'unknown', 'offline']);

/** The object behind `instances` of `GET /api/v0/instances/{id}/`, and a row of the list. */
export function instanceAnswer(contract: VastContract, nowMs: number, host: string): Record<string, unknown> {
  const { offer } = contract;
  const hasContainer = SHOWN_STATES.has(contract.actualStatus);
  return {
    id: contract.id,
    ...stateFields(contract),
    ...orderFields(contract),
    ...Object.fromEntries(OFFER_COLUMNS.map((column) => [column, offer[column]])),
    ...(hasContainer ? runningFields(contract, nowMs) : IDLE_FIELDS),
    ...portFields(contract, hasContainer),
    ...priceFields(contract),
    start_date: contract.createdAt / 1000,
    end_date: contract.endDate,
    duration: contract.endDate - nowMs / 1000,
    public_ipaddr: hasContainer ? `${host}\n` : host,
    gpu_totalram: offer.gpu_total_ram,
    disk_space: contract.order.diskGb,
    rentable: true,
    external: offer.external === true,
    ...CONSTANT_FIELDS,
  };
}

function stateFields(contract: VastContract): object {
  return {
    actual_status: contract.actualStatus,
    intended_status: contract.intendedStatus,
    cur_state: contract.curState,
    next_state: contract.nextState,
    status_msg: contract.statusMessage,
    label: contract.label,
  };
}

function orderFields({ id, order }: VastContract): object {
  const number = hashText(`ssh ${id}`);
  return {
    template_id: null,
    template_hash_id: null,
    template_name: null,
    image_uuid: order.image,
    image_args: order.args,
    image_runtype: order.runtype,
    extra_env: Object.entries(order.env),
    onstart: order.onstart,
    jupyter_token: number.toString(16).padStart(8, '0').repeat(8),
    local_ipaddrs: '10.0.0.5 172.17.0.1 \n',
    ssh_host: `ssh${(number % 9) + 1}.vast.ai`,
    ssh_idx: String((number % 9) + 1),
    ssh_port: 10_000 + (id % 50_000),
    machine_dir_ssh_port: 41_000,
  };
}

const IDLE_FIELDS = {
  uptime_mins: null,
  cpu_util: 0,
  mem_limit: null,
  mem_usage: null,
  vmem_usage: null,
  gpu_util: null,
  gpu_temp: null,
  disk_util: -1,
  disk_usage: -1,
};

function runningFields(contract: VastContract, nowMs: number): object {
  const load = hashText(`${contract.id}`) % 40;
  return {
    uptime_mins: contract.runningSince === null ? null : (nowMs - contract.runningSince) / 60_000,
    cpu_util: load / 10,
    mem_limit: 61.2,
    mem_usage: 18.7,
    vmem_usage: 20.9,
    gpu_util: 30 + load,
    gpu_temp: 45 + load / 2,
    disk_util: 0.31,
    disk_usage: Math.min(18.6, contract.order.diskGb),
  };
}

function portFields({ ports, order }: VastContract, hasContainer: boolean): object {
  if (!hasContainer || !ports?.length) {
    return { direct_port_start: -1, direct_port_end: -1, ports: hasContainer ? {} : null };
  }
  const protocols = new Map(portsOf(order).map(({ containerPort, protocol }) => [containerPort, protocol]));
  const mapped = ports.map(({ containerPort, hostPort }) => [
    `${containerPort}/${protocols.get(containerPort) ?? 'tcp'}`,
    [
      { HostIp: '0.0.0.0', HostPort: String(hostPort) },
      { HostIp: '::', HostPort: String(hostPort) },
    ],
  ]);
  const numbers = ports.map(({ hostPort }) => hostPort);
  return {
    direct_port_start: Math.min(...numbers),
    direct_port_end: Math.max(...numbers),
    ports: Object.fromEntries(mapped),
  };
}

function priceFields({ offer, order, gpuPerHour }: VastContract): object {
  const disk = storagePerHour(offer, order.diskGb);
  const total = roundPrice(gpuPerHour + disk);
  return {
    is_bid: order.bid !== undefined,
    dph_base: gpuPerHour,
    dph_total: total,
    dlperf_per_dphtotal: offer.dlperf / total,
    flops_per_dphtotal: (offer.total_flops * 1000) / total,
    storage_total_cost: disk,
    vram_costperhour: gpuPerHour / offer.gpu_total_ram,
    search: priceParts(gpuPerHour, disk),
    instance: priceParts(gpuPerHour, disk),
  };
}

const CONSTANT_FIELDS = {
  credit_balance: null,
  credit_discount: null,
  client_run_time: 1.1,
  host_run_time: 2_592_000,
  time_remaining: '',
  time_remaining_isbid: '',
  volume_info: [],
};
